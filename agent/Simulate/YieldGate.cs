namespace Headroom.Simulate;

/// <summary>Lets batch run while none of the protected has a request in flight, as the freezer does that watches their ports.</summary>
internal sealed class YieldGate
{
    /// <summary>From a request's first byte, or the last byte of its answer, to the freezer's write.</summary>
    public static readonly TimeSpan Detection = TimeSpan.FromMicroseconds(200);

    /// <summary>A floor is given in slices once in this time. Each drags a drain behind it, so shorter ones would cost the protected
    /// more for the same floor.</summary>
    private static readonly TimeSpan FloorPeriod = TimeSpan.FromMilliseconds(500);

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
        Schedule(now);
    }

    public void Step(TimeSpan now)
    {
        if (now < NextAt)
            return;
        var idle = !_busy && now >= IdleAt;
        // It runs its floor and nobody is there any more: open as any other.
        if (!(Open && _starved && idle))
        {
            Open = !Open;
            _changedAt = now;
        }
        _starved = !idle && (_starved || Open);
        Schedule(now);
    }

    /// <summary>When the protected count as idle, unless a request comes before.</summary>
    private TimeSpan IdleAt => _busyChangedAt + Detection + Spec!.Linger;

    // Settings that changed may call for what is past already: then now.
    private void Schedule(TimeSpan now) => NextAt = Later(now, Spec switch
    {
        null or { Floor: >= 1 } => Open ? TimeSpan.MaxValue : now,
        { } spec when Open && _starved => _busy ? _changedAt + Slice(spec) : Earlier(IdleAt, _changedAt + Slice(spec)),
        { } spec when Open => _busy ? Later(_busyChangedAt + Detection, _changedAt + spec.MinRun) : TimeSpan.MaxValue,
        { } spec when _busy => StarvedAt(spec),
        { } spec => Earlier(IdleAt, StarvedAt(spec)),
    });

    private TimeSpan StarvedAt(GateSpec spec) => spec.Floor <= 0 ? TimeSpan.MaxValue
        : _changedAt + (_starved ? Slice(spec) * ((1 - spec.Floor) / spec.Floor) : spec.MaxClosed);

    private static TimeSpan Slice(GateSpec spec) => Later(FloorPeriod * spec.Floor, spec.MinRun);

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
