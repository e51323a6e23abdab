namespace Headroom.Simulate;

/// <summary>Lets batch run while none of the protected has a request in flight, as the freezer does that watches their ports.</summary>
internal sealed class YieldGate
{
    /// <summary>From a request's first byte, or the last byte of its answer, to the freezer's write.</summary>
    public static readonly TimeSpan Detection = TimeSpan.FromMicroseconds(200);

    private bool _busy;
    /// <summary>Waited too long: runs its floor until the protected are idle.</summary>
    private bool _starved;
    private TimeSpan _changedAt;
    private TimeSpan _busyChangedAt;

    public GateSpec? Spec { get; private set; }
    public bool Open { get; private set; } = true;
    public TimeSpan NextAt { get; private set; } = TimeSpan.MaxValue;

    /// <param name="spec">Null: no gate.</param>
    /// <param name="busy">One of the protected has a request in flight now.</param>
    public void Set(TimeSpan now, GateSpec? spec, bool busy)
    {
        if (Equals(spec, Spec))
            return;
        // Other settings go on where the old ones stood; a new gate begins open, with no run to finish.
        if (Spec is null || spec is null)
        {
            Open = true;
            _starved = false;
            _changedAt = spec is null ? now : now - spec.MinRun;
        }
        Spec = spec;
        (_busy, _busyChangedAt) = (busy, now);
        Schedule(now);
    }

    public void SetBusy(TimeSpan now, bool busy)
    {
        if (busy == _busy)
            return;
        (_busy, _busyChangedAt) = (busy, now);
        _starved &= busy || !Open;
        Schedule(now);
    }

    public void Step(TimeSpan now)
    {
        if (now < NextAt)
            return;
        var idle = !_busy && now >= IdleAt;
        if (!Open)
            _starved = !idle;
        Open = !Open;
        _changedAt = now;
        Schedule(now);
    }

    // While it is closed.
    private TimeSpan IdleAt => _busyChangedAt + Detection + Spec!.Linger;

    // Settings that changed may call for what is past already: then now.
    private void Schedule(TimeSpan now) => NextAt = Later(now, Spec switch
    {
        null or { Floor: >= 1 } => Open ? TimeSpan.MaxValue : now,
        { } when Open && !_busy => TimeSpan.MaxValue,
        { } spec when Open => Later(_starved ? _changedAt + Slice(spec) : _busyChangedAt + Detection, _changedAt + spec.MinRun),
        { } spec when _busy => StarvedAt(spec),
        { } spec => Earlier(IdleAt, StarvedAt(spec)),
    });

    private TimeSpan StarvedAt(GateSpec spec) => spec.Floor <= 0 ? TimeSpan.MaxValue
        : _changedAt + (_starved ? Slice(spec) * ((1 - spec.Floor) / spec.Floor) : spec.MaxClosed);

    private static TimeSpan Slice(GateSpec spec) => Later(DutyCycle.Period * spec.Floor, spec.MinRun);

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
