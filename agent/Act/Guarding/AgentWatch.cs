using Headroom.Interop.Linux;

namespace Headroom.Act.Guarding;

/// <summary>What the guard knows of the agent's process.</summary>
internal enum AgentSight
{
    /// <summary>There is no process of this pid and start time here: dead, or in a pid namespace that can't be seen.</summary>
    NotSeen,
    Alive,
    /// <summary>It was seen alive, and has ended.</summary>
    Ended,
}

internal enum GuardVerdict
{
    /// <summary>The agent has a fresh lease, or may yet renew it.</summary>
    Leave,
    /// <summary>No agent, or one that gave up.</summary>
    Nobody,
    /// <summary>It is dead and did not give up.</summary>
    Dead,
    /// <summary>It lives and has let its lease run out.</summary>
    RunOut,
}

/// <summary>Sees the agent: its lease page, and its process by a descriptor that can't come to mean another.</summary>
internal sealed class AgentWatch(string runtimeDirectory) : IDisposable
{
    private PidFd? _process;
    private (int Pid, long Started) _which;

    public LeasePage? Page { get; private set; }
    /// <summary>The process last looked at; null while it is not seen.</summary>
    public PidFd? Process => _process;
    /// <summary>Why a process can't be held; null when it can.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Maps the page that is there now, if it is another than before. An old one stays while there is no new one.</summary>
    /// <returns>Whether it is another page.</returns>
    /// <exception cref="InvalidDataException">It is of another version.</exception>
    public bool Map()
    {
        if (Page is { IsInPlace: true } || LeasePage.Open(runtimeDirectory) is not { } page)
            return false;
        Page?.Dispose();
        Page = page;
        return true;
    }

    /// <summary>Null: no page, or it changes just now.</summary>
    public LeaseReading? Look(out AgentSight sight)
    {
        sight = AgentSight.NotSeen;
        if (Page?.Read() is not { } reading)
            return null;
        if (_process is null || _which != (reading.Pid, reading.Started))
            Hold(reading);
        sight = _process is null ? AgentSight.NotSeen : _process.HasEnded ? AgentSight.Ended : AgentSight.Alive;
        return reading;
    }

    /// <param name="watched">How long the watcher itself has run without a break, in nanoseconds: after the machine slept
    /// the agent needs a moment to renew, too.</param>
    public static GuardVerdict Judge(LeaseReading lease, AgentSight sight, long now, long watched) =>
        lease.Pid == 0 ? GuardVerdict.Nobody
        : sight == AgentSight.Ended ? GuardVerdict.Dead
        // Not seen is no proof of death while somebody renews.
        : lease.IsFresh(now) ? GuardVerdict.Leave
        : sight == AgentSight.NotSeen ? GuardVerdict.Dead
        : watched >= lease.Length ? GuardVerdict.RunOut
        : GuardVerdict.Leave;

    public void Dispose()
    {
        _process?.Dispose();
        Page?.Dispose();
    }

    private void Hold(LeaseReading reading)
    {
        _process?.Dispose();
        _process = null;
        _which = (reading.Pid, reading.Started);
        Trouble = null;
        if (reading.Pid == 0)
            return;
        try
        {
            _process = PidFd.Open(reading.Pid, reading.Started);
        }
        catch (IOException e)
        {
            Trouble = e.Message;
        }
    }
}
