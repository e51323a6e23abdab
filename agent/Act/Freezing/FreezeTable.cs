using System.Collections.Immutable;
using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>What every container is to do. Never changed, only replaced.</summary>
/// <param name="Seq">Counts replacements.</param>
/// <param name="Breaths">By container; expired ones go with the next replacement.</param>
/// <param name="Ended">What is known of containers that went away under a law, until they are named again.</param>
internal sealed record FreezeTable(
    long Seq, ImmutableArray<FreezeEntry> Entries, ImmutableDictionary<string, Breath> Breaths, ImmutableDictionary<string, FreezeGauge> Ended)
{
    public static readonly FreezeTable Empty = new(0, [], ImmutableDictionary<string, Breath>.Empty, ImmutableDictionary<string, FreezeGauge>.Empty);

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
        var entry = Entry(target, law, maxFreeze, order, null);
        var others = Entries.Where(e => e.Target.ContainerId != target.ContainerId)
            .Select(e => e.Key == entry.Key && e.LetGo is null ? e with { Law = law, MaxFreeze = maxFreeze } : e);
        return Next([.. others, entry], Ended.Remove(target.ContainerId));
    }

    /// <summary>On its way out.</summary>
    public FreezeTable Leaving(FreezeTarget target, bool frozen, FreezeOrder order) => Next(
        [.. Entries.Where(e => e.Target.ContainerId != target.ContainerId), Entry(target, RunLaw.Full, TimeSpan.Zero, order, frozen)], Ended.Remove(target.ContainerId));

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
        var breaths = Live(now);
        var breath = breaths.TryGetValue(containerId, out var last) ? new Breath(until > last.Until ? until : last.Until, last.Count + 1) : new Breath(until, 1);
        return this with { Seq = Seq + 1, Breaths = breaths.SetItem(containerId, breath) };
    }

    public FreezeTable WithoutBreath(string containerId, MonoTime now)
    {
        var breaths = Live(now);
        if (breaths.TryGetValue(containerId, out var last))
            breaths = last.Count > 1 ? breaths.SetItem(containerId, last with { Count = last.Count - 1 }) : breaths.Remove(containerId);
        return this with { Seq = Seq + 1, Breaths = breaths };
    }

    private FreezeTable Next(ImmutableArray<FreezeEntry> entries, ImmutableDictionary<string, FreezeGauge> ended) =>
        this with { Seq = Seq + 1, Entries = entries, Ended = ended };

    private ImmutableDictionary<string, Breath> Live(MonoTime now) => Breaths.RemoveRange(Breaths.Where(b => b.Value.Until <= now).Select(b => b.Key));

    private FreezeEntry Entry(FreezeTarget target, RunLaw law, TimeSpan maxFreeze, FreezeOrder order, bool? letGo)
    {
        var key = FreezeEntry.KeyOf(target);
        var slot = Entries.FirstOrDefault(e => e.Key == key)?.Slot ?? Enumerable.Range(0, int.MaxValue).First(s => Entries.All(e => e.Slot != s));
        return new FreezeEntry(target, law, maxFreeze, slot, order, Of(target.ContainerId)?.Gauge ?? new FreezeGauge(), letGo);
    }
}

/// <param name="Slot">Containers of other slots run at other times.</param>
/// <param name="LetGo">Null: under its law. Else on its way out: left frozen, or running.</param>
internal sealed record FreezeEntry(FreezeTarget Target, RunLaw Law, TimeSpan MaxFreeze, int Slot, FreezeOrder Order, FreezeGauge Gauge, bool? LetGo)
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

/// <param name="Count">Commands that run in it: it ends with the last of them.</param>
internal readonly record struct Breath(MonoTime Until, int Count);
