using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>Caps of models that have their cards. Pure.</summary>
internal static class Sharing
{
    private const long MiB = 1L << 20;

    /// <param name="caps">As the profiles propose them.</param>
    /// <param name="lowered">They do not all fit (strategy fixed): what guarantees leave goes to the more important first.</param>
    /// <returns>Whole MiB, on each of its GPUs; null: it has no card.</returns>
    public static long?[] Caps(
        IReadOnlyList<CardDemand> demands, int[]?[] ways, long?[] guarantees, long?[] caps, IReadOnlyList<PlanCard> cards, VramStrategy strategy, bool lowered)
    {
        var given = new long?[demands.Count];
        var rest = new long[cards.Count];
        for (var c = 0; c < cards.Count; c++)
        {
            var sum = Enumerable.Range(0, demands.Count).Where(i => ways[i]?.Contains(c) == true).Sum(i => guarantees[i]!.Value);
            rest[c] = cards[c].Available - sum - Math.Max(cards[c].Least, Math.Min(cards[c].ReserveBytes, cards[c].Available - sum));
        }
        foreach (var i in Enumerable.Range(0, demands.Count).Where(i => ways[i] is not null).OrderByDescending(i => demands[i].Priority).ThenBy(i => i))
        {
            var guarantee = guarantees[i]!.Value;
            if (strategy == VramStrategy.Fixed && !lowered)
            {
                given[i] = caps[i];
                continue;
            }
            // Caps that follow use may all name the same free memory: the agent shares it out.
            var free = ways[i]!.Min(c => Math.Max(0, rest[c])) / MiB * MiB;
            var more = strategy == VramStrategy.Fixed ? Math.Min(free, Math.Max(0, caps[i]!.Value - guarantee)) : free;
            given[i] = guarantee + more;
            if (strategy == VramStrategy.Fixed)
                foreach (var c in ways[i]!)
                    rest[c] -= more;
        }
        return given;
    }
}
