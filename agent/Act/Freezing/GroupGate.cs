using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>The gate of a group of containers (most are on their own): turns when the cells of the protected do. Only the freezer's thread calls it.</summary>
internal sealed class GroupGate
{
    private readonly YieldClock _clock = new();
    private FlightCell[] _cells = [];
    private bool _busy;
    // First packet of the request for which it is closing; null: closed for another reason, or proven already.
    private MonoTime? _asked;

    public bool IsThere => _clock.Times is not null;

    /// <summary>As it was turned last.</summary>
    public bool Closed { get; private set; }

    /// <summary>Not seen to work yet: it stands still once, however idle the protected are.</summary>
    public bool IsProving { get; private set; }

    public MonoTime Wake => _clock.NextAt;

    /// <summary>The protected have turned since the last turn.</summary>
    public bool HasNews => IsThere && Busy(out _) != _busy;

    /// <param name="prove">New or renewed by an order: show that it can close.</param>
    public void Take(FreezeMember[] members, bool prove, MonoTime now)
    {
        YieldTimes? times = null;
        var cells = new HashSet<FlightCell>();
        foreach (var member in members)
            if (member.Entry.Yield is { } law)
            {
                cells.UnionWith(law.Protected);
                times = times?.With(law.Times) ?? law.Times;
            }
        _cells = [.. cells];
        IsProving = times is not null && (prove || IsProving);
        _clock.Set(now, times, _busy = Busy(out _));
        if (times is null)
            (Closed, _asked) = (false, null);
    }

    /// <summary>Whether the group must stand still by its gate, now.</summary>
    public bool Turn(MonoTime now, FreezeMember[] members)
    {
        if (!IsThere)
            return false;
        var busy = Busy(out var since);
        if (busy != _busy)
        {
            _busy = busy;
            _clock.SetBusy(since < now ? since : now, busy);
            _asked = busy && !Closed ? since : null;
        }
        _clock.Step(now);
        var closed = !_clock.Open;
        if (!closed)
            _asked = _busy ? _asked : null;
        if (closed != Closed)
            foreach (var member in members)
                member.Entry.Gauge.Gate.Turn(closed, _clock.Starvations, now);
        Closed = closed;
        return closed;
    }

    /// <summary>All members are seen to stand still.</summary>
    public void Stood(MonoTime now, FreezeMember[] members)
    {
        IsProving = false;
        if (!Closed || _asked is not { } asked)
            return;
        _asked = null;
        foreach (var member in members)
            member.Entry.Gauge.Gate.Took(now - asked);
    }

    /// <summary>They could not be stopped, or may not be: no use to insist.</summary>
    public void Failed() => (IsProving, _asked) = (false, null);

    /// <summary>For the meters: time goes on also while nothing turns.</summary>
    public void Count(MonoTime now, FreezeMember[] members)
    {
        if (IsThere)
            foreach (var member in members)
                member.Entry.Gauge.Gate.Turn(Closed, _clock.Starvations, now);
    }

    // Since when: of the first that has a request in flight, else of the last that became idle.
    private bool Busy(out MonoTime since)
    {
        var busy = false;
        since = default;
        foreach (var cell in _cells)
        {
            var flight = cell.Now;
            if (flight.State == FlightState.InFlight)
            {
                if (!busy || flight.Since < since)
                    since = flight.Since;
                busy = true;
            }
            else if (!busy && flight.Since > since)
            {
                since = flight.Since;
            }
        }
        return busy;
    }
}
