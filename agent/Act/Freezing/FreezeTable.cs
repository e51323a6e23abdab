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

    public FreezeEntry? Of(string containerId)
    {
        foreach (var entry in Entries)
            if (entry.Target.ContainerId == containerId)
                return entry;
        return null;
    }

    /// <summary>Under this law, and its whole group with it: a group runs and stands still together.</summary>
    public FreezeTable With(FreezeTarget target, RunLaw law, TimeSpan maxFreeze, FreezeOrder order)
    {
        var entry = Entry(target, law, maxFreeze, order, leaves: false);
        var others = Entries.Where(e => e.Target.ContainerId != target.ContainerId)
            .Select(e => e.Key == entry.Key && !e.Leaves ? e with { Law = law, MaxFreeze = maxFreeze } : e);
        return Next([.. others, entry], Ended.Remove(target.ContainerId));
    }

    /// <summary>On its way out.</summary>
    public FreezeTable Leaving(FreezeTarget target, FreezeOrder order) => Next(
        [.. Entries.Where(e => e.Target.ContainerId != target.ContainerId), Entry(target, RunLaw.Full, TimeSpan.Zero, order, leaves: true)], Ended.Remove(target.ContainerId));

    /// <summary>Without it, unless it has got another order since.</summary>
    /// <param name="keep">Its meter stays to be seen.</param>
    public FreezeTable Without(FreezeEntry entry, bool keep)
    {
        if (Of(entry.Target.ContainerId) is not { } current || current.Order != entry.Order)
            return this;
        var ended = Ended.Count >= MostEnded ? Ended.Clear() : Ended;
        return Next(Entries.Remove(current), keep ? ended.SetItem(entry.Target.ContainerId, entry.Gauge) : ended);
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
        return new FreezeEntry(target, law, maxFreeze, slot, order, Of(target.ContainerId)?.Gauge ?? new FreezeGauge(), leaves);
    }
}

/// <param name="Slot">Containers of other slots run at other times.</param>
/// <param name="Leaves">On its way out: to run, and no longer ours. Else under its law.</param>
internal sealed record FreezeEntry(FreezeTarget Target, RunLaw Law, TimeSpan MaxFreeze, int Slot, FreezeOrder Order, FreezeGauge Gauge, bool Leaves)
{
    public string Key { get; } = KeyOf(Target);
    public Pace Pace => Pace.Of(Law, MaxFreeze, PhaseOf(Slot));

    /// <summary>0, 1/2, 1/4, 3/4, 1/8 ...: the bits of the slot mirrored (van der Corput). However many there are they are spread nearly evenly,
    /// two or four quite so, and none moves when another comes or goes.</summary>
    public static double PhaseOf(int slot)
    {
        var phase = 0d;
        for (var part = 0.5; slot > 0; slot >>= 1, part /= 2)
            phase += (slot & 1) * part;
        return phase;
    }

    public static string KeyOf(FreezeTarget target) => target.Group is { } group ? $"group {group}" : target.ContainerId;
}
