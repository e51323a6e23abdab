using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>How a container stands aside: see <see cref="YieldRelation"/>.</summary>
/// <param name="Linger">Stays closed this long after the last request ended.</param>
/// <param name="MaxClosed">After this long without a run it gets its floor.</param>
/// <param name="MinRun">Once open, at least this long.</param>
/// <param name="Floor">Share 0..1 of the time; 0: none.</param>
/// <param name="Reaction">From the change of the protected to ours: of a simulated gate. A real one takes what it takes.</param>
internal readonly record struct YieldTimes(TimeSpan Linger, TimeSpan MaxClosed, TimeSpan MinRun, double Floor, TimeSpan Reaction = default)
{
    public static YieldTimes Of(YieldRelation relation) => new(relation.Linger, relation.MaxClosed, relation.MinRun, relation.Floor);

    /// <summary>Of a group, or of several GPUs: as patient with batch as the most patient.</summary>
    public YieldTimes With(YieldTimes other) => new(
        Later(Linger, other.Linger), MaxClosed < other.MaxClosed ? MaxClosed : other.MaxClosed, Later(MinRun, other.MinRun), Math.Max(Floor, other.Floor), Later(Reaction, other.Reaction));

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;
}

/// <summary>When a gate is open, as a function of the requests of the protected and the time: open while none of them has one in flight. The freezer's thread and the simulator
/// turn the same one. No clock of its own, nothing allocated.</summary>
internal sealed class YieldClock
{
    /// <summary>A floor is given in slices once in this time. Each drags a drain behind it, so shorter ones would cost the protected more for the same floor.</summary>
    private static readonly TimeSpan FloorPeriod = TimeSpan.FromMilliseconds(500);
    /// <summary>A shorter slice is mostly spent on stopping and starting.</summary>
    private static readonly TimeSpan LeastSlice = TimeSpan.FromMilliseconds(5);

    private bool _busy;
    /// <summary>Waited too long: runs its floor until the protected are idle.</summary>
    private bool _starved;
    private MonoTime _changedAt;
    private MonoTime _busyChangedAt;

    public YieldTimes? Times { get; private set; }
    public bool Open { get; private set; } = true;
    public MonoTime NextAt { get; private set; } = FreezeSchedule.Never;
    /// <summary>How often it began to run its floor.</summary>
    public long Starvations { get; private set; }

    /// <param name="times">Null: no gate.</param>
    /// <param name="busy">One of the protected has a request in flight now.</param>
    public void Set(MonoTime now, YieldTimes? times, bool busy)
    {
        if (times == Times)
        {
            SetBusy(now, busy);
            return;
        }
        // Other settings go on where the old ones stood; a new gate begins open, with no run to finish.
        if (Times is null || times is null)
        {
            Open = true;
            _starved = false;
            _changedAt = times is { } begun ? now - begun.MinRun : now;
        }
        Times = times;
        (_busy, _busyChangedAt) = (busy, now);
        Schedule(now);
    }

    public void SetBusy(MonoTime now, bool busy)
    {
        if (busy == _busy)
            return;
        (_busy, _busyChangedAt) = (busy, now);
        Schedule(now);
    }

    public void Step(MonoTime now)
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
        var starves = !idle && (_starved || Open);
        if (starves && !_starved)
            Starvations++;
        _starved = starves;
        Schedule(now);
    }

    private YieldTimes Now => Times!.Value;

    /// <summary>When the protected count as idle, unless a request comes before.</summary>
    private MonoTime IdleAt => _busyChangedAt + Now.Reaction + Now.Linger;

    // Settings that changed may call for what is past already: then now.
    private void Schedule(MonoTime now) => NextAt = Later(now, Times switch
    {
        null or { Floor: >= 1 } => Open ? FreezeSchedule.Never : now,
        { } times when Open && _starved => _busy ? _changedAt + Slice(times) : Earlier(IdleAt, _changedAt + Slice(times)),
        { } times when Open => _busy ? Later(_busyChangedAt + times.Reaction, _changedAt + times.MinRun) : FreezeSchedule.Never,
        { } times when _busy => StarvedAt(times),
        { } times => Earlier(IdleAt, StarvedAt(times)),
    });

    private MonoTime StarvedAt(YieldTimes times) => times.Floor <= 0 ? FreezeSchedule.Never
        : _changedAt + (_starved ? Slice(times) * ((1 - times.Floor) / times.Floor) : times.MaxClosed);

    private static TimeSpan Slice(YieldTimes times)
    {
        var slice = FloorPeriod * times.Floor;
        if (slice < LeastSlice)
            slice = LeastSlice;
        return slice > times.MinRun ? slice : times.MinRun;
    }

    private static MonoTime Later(MonoTime a, MonoTime b) => a > b ? a : b;

    private static MonoTime Earlier(MonoTime a, MonoTime b) => a < b ? a : b;
}
