namespace Headroom.Simulate;

/// <summary>What goes wrong now and then: a corrected memory error, a kernel's mistake.</summary>
internal sealed class GpuFaults
{
    /// <summary>XID of a kernel that touched what it must not: the process suffers, the card does not.</summary>
    public const int Xid = 13;

    private readonly GpuSpec _spec;
    private readonly Dice _ecc;
    private readonly Dice _xid;
    private TimeSpan _nextEcc;
    private TimeSpan _nextXid;

    public GpuFaults(GpuSpec spec, Dice ecc, Dice xid)
    {
        _spec = spec;
        _ecc = ecc;
        _xid = xid;
        _nextEcc = After(TimeSpan.Zero, spec.EccEvery, ecc);
        _nextXid = After(TimeSpan.Zero, spec.XidEvery, xid);
    }

    public long EccCorrected { get; private set; }
    public long XidCount { get; private set; }
    public TimeSpan LastXidAt { get; private set; }
    public TimeSpan NextAt => _nextEcc < _nextXid ? _nextEcc : _nextXid;

    public void Step(TimeSpan now)
    {
        if (_nextEcc <= now)
        {
            EccCorrected++;
            _nextEcc = After(now, _spec.EccEvery, _ecc);
        }
        if (_nextXid <= now)
        {
            XidCount++;
            LastXidAt = now;
            _nextXid = After(now, _spec.XidEvery, _xid);
        }
    }

    private static TimeSpan After(TimeSpan now, TimeSpan? every, Dice dice) =>
        every is { } mean ? now + TimeSpan.FromSeconds(Math.Max(1, mean.TotalSeconds * dice.Exponential())) : TimeSpan.MaxValue;
}
