namespace Headroom.Simulate;

/// <summary>Runs a share of each period and is held for the rest of it, as a freezer does. The kernels that are queued on the GPU go on after a freeze: as much less
/// it runs, so that it obtains its share.</summary>
internal sealed class DutyCycle(TimeSpan drain = default)
{
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ShortestRun = TimeSpan.FromMilliseconds(5);

    private bool _runs = true;
    private TimeSpan _run;
    private TimeSpan _hold;

    /// <summary>0: held, 1: free.</summary>
    public double Fraction { get; private set; } = 1;
    public bool Runs => _runs;
    public TimeSpan NextAt { get; private set; } = TimeSpan.MaxValue;

    public void Set(TimeSpan now, double fraction)
    {
        if (!(fraction is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "a run fraction is within 0..1");
        if (fraction == Fraction)
            return;
        Fraction = fraction;
        _runs = fraction > 0;
        if (fraction is not (> 0 and < 1))
        {
            NextAt = TimeSpan.MaxValue;
            return;
        }
        var period = (drain + ShortestRun) / fraction is var longer && drain > TimeSpan.Zero && longer > Period ? longer : Period;
        _run = period * fraction - drain;
        _hold = period - _run;
        NextAt = now + _run;
    }

    public void Step(TimeSpan now)
    {
        if (now < NextAt)
            return;
        _runs = !_runs;
        NextAt = now + (_runs ? _run : _hold);
    }
}
