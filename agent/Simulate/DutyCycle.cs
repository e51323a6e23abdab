namespace Headroom.Simulate;

/// <summary>Runs a share of each period and is held for the rest of it, as a freezer does.</summary>
internal sealed class DutyCycle
{
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private bool _runs = true;

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
        NextAt = fraction is > 0 and < 1 ? now + Period * fraction : TimeSpan.MaxValue;
    }

    public void Step(TimeSpan now)
    {
        if (now < NextAt)
            return;
        _runs = !_runs;
        NextAt = now + Period * (_runs ? Fraction : 1 - Fraction);
    }
}
