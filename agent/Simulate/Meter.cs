namespace Headroom.Simulate;

/// <summary>A quantity that grows at a steady rate between changes. Reading it changes nothing,
/// so that it does not matter into how many pieces a stretch of time is cut.</summary>
internal struct Meter
{
    private double _base;
    private TimeSpan _since;

    /// <summary>Growth per second.</summary>
    public double Rate { get; private set; }

    public readonly double At(TimeSpan now) => Rate == 0 ? _base : _base + Rate * (now - _since).TotalSeconds;

    public void SetRate(TimeSpan now, double rate)
    {
        if (rate == Rate)
            return;
        _base = At(now);
        _since = now;
        Rate = rate;
    }

    /// <summary>Back to 0 at the same rate: keeps long runs exact.</summary>
    public void Restart(TimeSpan now)
    {
        _base = 0;
        _since = now;
    }
}
