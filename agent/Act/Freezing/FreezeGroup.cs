using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>Containers that run and stand still together; most are on their own. Where one may not or cannot be frozen, none is.</summary>
internal sealed class FreezeGroup
{
    /// <summary>A freeze that failed or was refused is not tried again at once.</summary>
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromMilliseconds(100);
    /// <summary>Between samples of the meter where no periods are counted.</summary>
    private static readonly TimeSpan Sampling = TimeSpan.FromMilliseconds(100);

    private readonly GroupGate _gate = new();
    private Beat _beat;
    private MonoTime _holdOff;
    private MonoTime _breathUntil;
    // Gate and law together can hold it longer than either: what counts is how long it really stands.
    private MonoTime? _standsSince;
    private MonoTime _rested;
    private TimeSpan _maxFreeze;
    private Pace _pace;

    public FreezeMember[] Members { get; private set; } = [];
    /// <summary>Nothing is to be done before, unless the lease is lost.</summary>
    public MonoTime Due { get; private set; }

    /// <summary>The protected have turned: look now.</summary>
    public bool HasNews => _gate.HasNews;

    public bool IsAsked
    {
        get
        {
            foreach (var member in Members)
                if (member.IsAsked)
                    return true;
            return false;
        }
    }

    public void Take(FreezeMember[] members, Pace pace, MonoTime breathUntil, MonoTime now)
    {
        if (Members is [var lead, ..] && lead != members[0])
            _beat = _beat with { Ran = members[0].Ran(now), Counted = now }; // measured by another from now on
        var isGated = false;
        _maxFreeze = TimeSpan.MaxValue;
        foreach (var member in members)
        {
            isGated |= member.Entry.YieldOrder is { IsOpen: true };
            if (member.Entry.MaxFreeze < _maxFreeze)
                _maxFreeze = member.Entry.MaxFreeze;
        }
        (Members, _pace, _breathUntil, Due) = (members, pace, breathUntil, default);
        _gate.Take(members, isGated, now);
    }

    /// <summary>Does what is due.</summary>
    /// <param name="mayFreeze">Asked right before each freeze.</param>
    public void Turn(ref bool allowed, Func<bool> mayFreeze, TimeProvider time)
    {
        var now = time.Mono();
        var step = FreezeSchedule.Step(_pace, _beat, now, Members[0].Ran(now));
        var began = step.Beat.Start != _beat.Start;
        _beat = step.Beat;
        var gated = _gate.Turn(now, Members) || _gate.IsProving;
        var (still, wake) = (step.Still || gated, _gate.Wake < step.Wake ? _gate.Wake : step.Wake);
        if (still && _standsSince is { } since && now >= since + _maxFreeze)
            _rested = now + Pace.BreathOf(_maxFreeze);
        var pause = Later(_rested, Later(_breathUntil, _holdOff));
        if (still && now < pause)
            (still, wake) = (false, pause < wake ? pause : wake);
        if (still && !FreezeAll(ref allowed, mayFreeze, time))
        {
            _gate.Failed();
            (still, wake) = (false, _holdOff < wake ? _holdOff : wake);
        }
        else if (gated && still && Stands)
        {
            var proved = _gate.IsProving;
            _gate.Stood(time.Mono(), Members);
            wake = proved ? now : wake; // looked at again at once: it may run now
        }
        if (!still)
            ThawAll(time);
        _standsSince = !still ? null : _standsSince ?? now;
        if (_standsSince is { } stood && stood + _maxFreeze < wake)
            wake = stood + _maxFreeze;

        now = time.Mono();
        if (_pace.Law.Kind != RunLawKind.Duty && now + Sampling < wake)
            wake = now + Sampling;
        foreach (var member in Members)
        {
            if (member.Stand is Stand.Freezing or Stand.Thawing && member.Again < wake)
                wake = member.Again;
            // Of a duty whole periods count.
            if (began || _pace.Law.Kind != RunLawKind.Duty)
                member.Entry.Gauge.Sample(now, member.Ran(now), member.Entry.Law.Period);
            if (member.Entry.Order.IsOpen || member.Entry.YieldOrder is { IsOpen: true })
            {
                Answer(member, now);
                if (member.Entry.Order.IsOpen && member.Entry.Order.Deadline < wake)
                    wake = member.Entry.Order.Deadline;
                if (member.Entry.YieldOrder is { IsOpen: true } order && order.Deadline < wake)
                    wake = order.Deadline;
            }
        }
        if (_gate.IsThere)
            KeepGate(ref allowed, mayFreeze, now);
        Due = wake;
    }

    private static MonoTime Later(MonoTime a, MonoTime b) => a > b ? a : b;

    private bool Stands
    {
        get
        {
            foreach (var member in Members)
                if (!member.IsGone && member.Stand != Stand.Frozen)
                    return false;
            return true;
        }
    }

    private void KeepGate(ref bool allowed, Func<bool> mayFreeze, MonoTime now)
    {
        _gate.Count(now, Members);
        allowed = allowed && mayFreeze();
        if (allowed)
            foreach (var member in Members)
                member.Renew();
    }

    /// <summary>A bug in it: it runs, and is tried again later.</summary>
    public void Broke(TimeProvider time)
    {
        Due = _holdOff = time.Mono() + AfterFailure;
        ThawAll(time);
    }

    private void ThawAll(TimeProvider time)
    {
        var now = time.Mono();
        foreach (var member in Members)
            if (!member.IsGone && (member.IsAsked || member.Stand == Stand.Thawing && member.Again <= now))
                member.Thaw(time);
    }

    private bool FreezeAll(ref bool allowed, Func<bool> mayFreeze, TimeProvider time)
    {
        if (!allowed)
            return Refuse(time.Mono());
        foreach (var member in Members)
        {
            if (member.IsGone || member.Stand == Stand.Frozen || member.Stand == Stand.Freezing && member.Again > time.Mono())
                continue;
            allowed = mayFreeze();
            if (!allowed)
                return Refuse(time.Mono());
            if (member.Freeze(time) != FreezeResult.Failed)
                continue;
            _holdOff = time.Mono() + AfterFailure;
            member.Entry.Close(false, member.Error!);
            return false;
        }
        return true;
    }

    private bool Refuse(MonoTime now)
    {
        _holdOff = now + AfterRefusal;
        foreach (var member in Members)
        {
            member.Entry.Gauge.Refused();
            member.Entry.Close(false, "not frozen: the agent's lease has run out, or another agent has taken over");
        }
        return false;
    }

    private void Answer(FreezeMember member, MonoTime now)
    {
        var (entry, law) = (member.Entry, member.Entry.Law);
        var breathes = member.Error is null && now < _breathUntil;
        var late = member.Error ?? (breathes ? "it runs for a while: somebody sent it a signal" : "not seen to obey in time");
        if (entry.YieldOrder is { IsOpen: true } order)
        {
            if (!_gate.IsThere || !_gate.IsProving && member.Stand is Stand.Running or Stand.Frozen)
                order.Close(true, _gate.IsThere ? $"{entry.Target.File} reads {entry.Target.Frozen} when it is closed" : $"{entry.Target.File}: no gate any more");
            else if (now >= order.Deadline)
                order.Close(false, late, breathes);
        }
        if (!entry.Order.IsOpen)
            return;
        // Behind a closed gate it stands still whatever its law.
        if (law.Kind == RunLawKind.Full ? member.Stand == Stand.Running || _gate.Closed && member.Stand == Stand.Frozen : member.Stand == Stand.Frozen && _beat.Law.Kind == law.Kind && (law.Kind == RunLawKind.Held || _beat.Law == law))
            entry.Order.Close(true, law.Kind == RunLawKind.Full ? $"{entry.Target.File}: thawed" : $"{entry.Target.File} reads {entry.Target.Frozen}");
        else if (now >= entry.Order.Deadline)
            entry.Order.Close(false, late, breathes);
    }
}
