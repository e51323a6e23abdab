using System.Collections.Immutable;
using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>What every container is to do. Never changed, only replaced.</summary>
/// <param name="Seq">Counts replacements.</param>
/// <param name="Breaths">Until when, by container; expired ones go with the next.</param>
/// <param name="Ended">What is known of containers that went away under a law, until they are named again.</param>
internal sealed record FreezeTable(
    long Seq, ImmutableArray<FreezeEntry> Entries, ImmutableDictionary<string, MonoTime> Breaths, ImmutableDictionary<string, FreezeGauge> Ended)
{
    public static readonly FreezeTable Empty = new(0, [], ImmutableDictionary<string, MonoTime>.Empty, ImmutableDictionary<string, FreezeGauge>.Empty);

    private const int MostEnded = 64;

    public FreezeEntry? Of(FreezeTarget target) => Of(target.Id);

    /// <param name="id">See <see cref="FreezeTarget.Id"/>.</param>
    public FreezeEntry? Of(string id)
    {
        foreach (var entry in Entries)
            if (entry.Target.Id == id)
                return entry;
        return null;
    }

    /// <summary>Under this law, and its whole group with it: a group runs and stands still together. Its gate stays as it is.</summary>
    public FreezeTable With(FreezeTarget target, RunLaw law, TimeSpan maxFreeze, FreezeOrder order)
    {
        var before = Standing(target);
        var entry = Entry(target, law, maxFreeze, order, leaves: false) with { OwnLaw = true, Yield = before?.Yield, YieldOrder = before?.YieldOrder };
        var others = Others(target).Select(e => e.Key == entry.Key && !e.Leaves ? e with { Law = law, MaxFreeze = maxFreeze } : e);
        return Next([.. others, entry], Ended.Remove(target.Id));
    }

    /// <summary>Behind this gate; its law stays as it is.</summary>
    public FreezeTable Yielding(FreezeTarget target, YieldLaw yield, TimeSpan maxFreeze, FreezeOrder order)
    {
        var before = Standing(target);
        var entry = Entry(before?.Target ?? target, before?.Law ?? RunLaw.Full, maxFreeze, before?.Order ?? order, leaves: false) with
        {
            OwnLaw = before?.OwnLaw == true, Yield = yield, YieldOrder = order,
        };
        return Next([.. Others(target), entry], Ended.Remove(target.Id));
    }

    /// <summary>On its way out; but its gate stays, if it has one.</summary>
    public FreezeTable Leaving(FreezeTarget target, FreezeOrder order) =>
        Standing(target) is not { Yield: not null } gated ? Gone(target, order)
        // Out of its group: a gate is a container's own.
        : Next(Freed([.. Others(target), Entry(target with { Group = null }, RunLaw.Full, gated.MaxFreeze, order, leaves: false) with { Yield = gated.Yield, YieldOrder = gated.YieldOrder }]),
            Ended.Remove(target.Id));

    /// <summary>Without its gate; its law stays, if it has one.</summary>
    public FreezeTable Ungated(FreezeTarget target, FreezeOrder order) =>
        Standing(target) is { OwnLaw: true } held ? Next([.. Others(target), held with { Yield = null, YieldOrder = order }], Ended.Remove(target.Id)) : Gone(target, order);

    private FreezeTable Gone(FreezeTarget target, FreezeOrder order)
    {
        Of(target)?.Join(order);
        return Next(Freed([.. Others(target), Entry(target, RunLaw.Full, TimeSpan.Zero, order, leaves: true)]), Ended.Remove(target.Id));
    }

    /// <summary>Whom only a law of its group held is free when nobody's law holds the group any more.</summary>
    private static ImmutableArray<FreezeEntry> Freed(FreezeEntry[] entries) =>
        [.. entries.Select(e => !e.Leaves && !e.OwnLaw && !entries.Any(o => o.Key == e.Key && o.OwnLaw && !o.Leaves) ? e with { Law = RunLaw.Full } : e)];

    private FreezeEntry? Standing(FreezeTarget target) => Of(target) is { Leaves: false } entry ? entry : null;

    private IEnumerable<FreezeEntry> Others(FreezeTarget target) => Entries.Where(e => e.Target.Id != target.Id);

    /// <summary>Without it, unless it has got another order since.</summary>
    /// <param name="keep">Its meter stays to be seen.</param>
    public FreezeTable Without(FreezeEntry entry, bool keep)
    {
        if (Of(entry.Target) is not { } current || current.Order != entry.Order || current.YieldOrder != entry.YieldOrder)
            return this;
        var ended = Ended.Count >= MostEnded ? Ended.Clear() : Ended;
        return Next(Entries.Remove(current), keep ? ended.SetItem(entry.Target.Id, entry.Gauge) : ended);
    }

    public FreezeTable WithBreath(string containerId, MonoTime until, MonoTime now)
    {
        var breaths = Breaths.RemoveRange(Breaths.Where(b => b.Value <= now).Select(b => b.Key));
        var last = breaths.GetValueOrDefault(containerId);
        return this with { Seq = Seq + 1, Breaths = breaths.SetItem(containerId, until > last ? until : last) };
    }

    private FreezeTable Next(ImmutableArray<FreezeEntry> entries, ImmutableDictionary<string, FreezeGauge> ended) =>
        this with { Seq = Seq + 1, Entries = entries, Ended = ended };

    private FreezeEntry Entry(FreezeTarget target, RunLaw law, TimeSpan maxFreeze, FreezeOrder order, bool leaves)
    {
        var key = FreezeEntry.KeyOf(target);
        var slot = Entries.FirstOrDefault(e => e.Key == key)?.Slot ?? Enumerable.Range(0, int.MaxValue).First(s => Entries.All(e => e.Slot != s));
        return new FreezeEntry(target, law, maxFreeze, slot, order, Of(target)?.Gauge ?? new FreezeGauge(), leaves);
    }
}

/// <param name="Slot">Containers of other slots run at other times.</param>
/// <param name="Leaves">On its way out: to run, and no longer ours. Else under its law.</param>
internal sealed record FreezeEntry(FreezeTarget Target, RunLaw Law, TimeSpan MaxFreeze, int Slot, FreezeOrder Order, FreezeGauge Gauge, bool Leaves)
{
    public string Key { get; } = KeyOf(Target);
    /// <summary>Its law was ordered for it; else it is its group's, or none.</summary>
    public bool OwnLaw { get; init; }
    /// <summary>Its gate; null: none.</summary>
    public YieldLaw? Yield { get; init; }
    /// <summary>Who waits for the gate's last order; null where none was ever given.</summary>
    public FreezeOrder? YieldOrder { get; init; }
    public Pace Pace => Pace.Of(Law, MaxFreeze, PhaseOf(Slot));

    /// <summary>All who wait get this answer.</summary>
    public void Close(bool confirmed, string words)
    {
        Order.Close(confirmed, words);
        YieldOrder?.Close(confirmed, words);
    }

    /// <summary>It is let go altogether: who let go of its law or of its gate a moment ago waits for the same. The two are different hands, and neither waits for the other.</summary>
    public void Join(FreezeOrder gone)
    {
        if (Order != YieldOrder && (Leaves || Law.Kind == RunLawKind.Full))
            gone.Include(Order);
        if (Yield is null && YieldOrder is { } ungated)
            gone.Include(ungated);
    }

    /// <summary>Another has taken its place: who waits for an order that stands no more is told so. Nobody waits for ever.</summary>
    public void Replaced(FreezeEntry next)
    {
        Tell(Order, next);
        if (YieldOrder is { } order)
            Tell(order, next);
    }

    private static void Tell(FreezeOrder order, FreezeEntry next)
    {
        if (!next.Order.Answers(order) && next.YieldOrder?.Answers(order) != true)
            order.Close(false, "another order came before this was obeyed");
    }

    /// <summary>0, 1/2, 1/4, 3/4, 1/8 ...: the bits of the slot mirrored (van der Corput). However many there are they are spread nearly evenly,
    /// two or four quite so, and none moves when another comes or goes.</summary>
    public static double PhaseOf(int slot)
    {
        var phase = 0d;
        for (var part = 0.5; slot > 0; slot >>= 1, part /= 2)
            phase += (slot & 1) * part;
        return phase;
    }

    public static string KeyOf(FreezeTarget target) => target.Group is { } group ? $"group {group}" : target.Id;
}
