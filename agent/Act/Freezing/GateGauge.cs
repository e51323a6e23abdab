using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>Counts one gate. Written by the freezer's thread only, read by any.</summary>
internal sealed class GateGauge
{
    private readonly long[] _took = new long[CloseTimes.Bounds.Length + 1];
    private double _tookSum;
    private long _closures, _starved, _closedTicks, _openTicks;
    private bool _closed;
    private int _cap;
    private long _drainTicks = -1;
    private MonoTime _at;

    public GateMeter Read() => new(
        Volatile.Read(ref _closed), Volatile.Read(ref _closures), TimeSpan.FromTicks(Volatile.Read(ref _closedTicks)), TimeSpan.FromTicks(Volatile.Read(ref _openTicks)),
        Volatile.Read(ref _starved), new CloseTimes([.. _took], Volatile.Read(ref _tookSum)))
    {
        InFlightCap = Volatile.Read(ref _cap) is > 0 and var cap ? cap : null,
        Drain = Volatile.Read(ref _drainTicks) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks) : null,
    };

    /// <summary>As it is from now on.</summary>
    /// <param name="starved">How often it began to run its floor, since the gate is there.</param>
    public void Turn(bool closed, long starved, MonoTime now)
    {
        if (_at != default)
            (_closed ? ref _closedTicks : ref _openTicks) += (now - _at).Ticks;
        _at = now;
        if (closed && !_closed)
            Volatile.Write(ref _closures, _closures + 1);
        Volatile.Write(ref _starved, starved);
        Volatile.Write(ref _closed, closed);
    }

    /// <inheritdoc cref="GateState.InFlightCap"/>
    public void Launches(int? cap, TimeSpan? drain)
    {
        Volatile.Write(ref _cap, cap ?? 0);
        Volatile.Write(ref _drainTicks, drain?.Ticks ?? -1);
    }

    /// <summary>From a request's first packet to the proof that it stands still.</summary>
    public void Took(TimeSpan took)
    {
        var seconds = took.TotalSeconds;
        var i = 0;
        while (i < CloseTimes.Bounds.Length && seconds > CloseTimes.Bounds[i])
            i++;
        Volatile.Write(ref _took[i], _took[i] + 1);
        Volatile.Write(ref _tookSum, _tookSum + seconds);
    }
}

/// <summary>See <see cref="GateState"/>.</summary>
internal sealed record GateMeter(bool Closed, long Closures, TimeSpan ClosedFor, TimeSpan OpenFor, long Starved, CloseTimes Took)
{
    public int? InFlightCap { get; init; }
    /// <summary>As the brake itself knows it.</summary>
    public TimeSpan? Drain { get; init; }
}
