using Headroom.Interop.Linux;

namespace Headroom.Act.Guarding;

/// <summary>The agent's right to freeze: its own while it renews it, lost for good when the guard or another agent raises the epoch.</summary>
internal sealed class Lease : IDisposable
{
    private readonly LeasePage _page;
    private readonly TimeProvider _clock;
    private readonly long _epoch;
    private readonly long _length;
    private volatile bool _gone;

    private Lease(LeasePage page, TimeProvider clock, long epoch, TimeSpan length, string? remark)
    {
        _page = page;
        _clock = clock;
        _epoch = epoch;
        _length = length.Ticks * TimeSpan.NanosecondsPerTick;
        Remark = remark;
    }

    /// <summary>What was found in the lease's place and replaced; null in the usual case.</summary>
    public string? Remark { get; }

    /// <summary>Takes the lease, from whoever has it.</summary>
    /// <exception cref="IOException">The page can't be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    /// <exception cref="InvalidDataException">A page of another version.</exception>
    public static Lease Take(string runtimeDirectory, TimeSpan length) => Take(runtimeDirectory, length, BootClock.Instance);

    internal static Lease Take(string runtimeDirectory, TimeSpan length, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(length, TimeSpan.Zero);
        var pid = Environment.ProcessId;
        var started = PidFd.StartTimeOf(pid) ?? throw new IOException("/proc/self/stat can't be read: is /proc mounted?");
        var page = LeasePage.OpenOrMake(runtimeDirectory, out var remark);
        return new Lease(page, clock, page.Take(pid, started, length, clock), length, remark);
    }

    /// <summary>Asked before each freeze, by any thread; allocates nothing.</summary>
    public bool MayFreeze
    {
        get
        {
            if (IsLost)
                return false;
            // The page first: renewed in between, it must not seem to be of the future.
            var renewed = _page.Renewed;
            return LeasePage.IsWithin(renewed, _clock.Nanoseconds(), _length);
        }
    }

    /// <summary>For good: freeze nothing any more, and end; what was held is given back by whoever took the lease.</summary>
    public bool IsLost => _gone || _page.Epoch != _epoch;

    /// <summary>Whether a guard watches.</summary>
    public bool HasGuard
    {
        get
        {
            var beat = _page.GuardBeat;
            return LeasePage.IsWithin(beat, _clock.Nanoseconds(), _length);
        }
    }

    /// <summary>By each completed tick.</summary>
    public void Renew()
    {
        // A page that was removed or replaced is one that no guard watches.
        if (!IsLost && !_page.IsInPlace)
            _gone = true;
        if (!IsLost)
            _page.Renew(_clock.Nanoseconds());
    }

    /// <summary>A clean end, when all is given back: the guard leaves it alone.</summary>
    public void GiveUp()
    {
        if (!IsLost)
            _page.GiveUp(Environment.ProcessId);
        _gone = true;
    }

    /// <summary>Without <see cref="GiveUp"/> the guard takes it for a death. Nothing may be frozen any more.</summary>
    public void Dispose()
    {
        _gone = true;
        _page.Dispose();
    }
}
