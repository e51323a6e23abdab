using Headroom.Model;

namespace Headroom.Observe.Activity;

/// <summary>What the watcher's thread has seen of one server.</summary>
/// <param name="Busy">Time with requests in flight, up to the last turn.</param>
/// <param name="State">Since that turn.</param>
/// <param name="Unreadable">Of the connections; those that were there before and have said nothing since are among them, and make nothing unknown.</param>
/// <param name="Unclear">What can't be read makes all unknown.</param>
internal readonly record struct ServerFigures(FlightState State, MonoTime Turned, TimeSpan Busy, int InFlight, int Connections, int Unreadable, bool Unclear, long Requests)
{
    public TimeSpan BusyAt(MonoTime now) => State == FlightState.InFlight && now > Turned ? Busy + (now - Turned) : Busy;
}

/// <summary>Hands them from the watcher's thread to the slow loop without a lock: the reader reads again when it was written meanwhile. One writer, one reader.</summary>
internal sealed class FiguresCell
{
    public const int Gaps = 64;

    private readonly (MonoTime End, TimeSpan Length)[] _gaps = new (MonoTime, TimeSpan)[Gaps];
    private ServerFigures _figures;
    private int _version;
    private int _next;

    public void Write(in ServerFigures figures)
    {
        Begin();
        _figures = figures;
        Volatile.Write(ref _version, _version + 1);
    }

    /// <summary>A pause between requests has ended.</summary>
    public void AddGap(MonoTime end, TimeSpan length)
    {
        Begin();
        _gaps[_next] = (end, length);
        _next = (_next + 1) % Gaps;
        Volatile.Write(ref _version, _version + 1);
    }

    /// <param name="gaps">Takes the last pauses, in no order; those never filled end at 0.</param>
    public ServerFigures Read(Span<(MonoTime End, TimeSpan Length)> gaps)
    {
        var spin = new SpinWait();
        while (true)
        {
            var version = Volatile.Read(ref _version);
            if ((version & 1) == 0)
            {
                var figures = _figures;
                _gaps.CopyTo(gaps);
                Interlocked.MemoryBarrier();
                if (version == Volatile.Read(ref _version))
                    return figures;
            }
            spin.SpinOnce();
        }
    }

    private void Begin()
    {
        Volatile.Write(ref _version, _version + 1);
        Interlocked.MemoryBarrier();
    }
}
