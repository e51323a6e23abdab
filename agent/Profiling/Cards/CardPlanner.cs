using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>Demands and cards -> who goes where with how much. No I/O, no clock.</summary>
internal static class CardPlanner
{
    private const long MiB = 1L << 20;

    public static CardPlan Plan(IReadOnlyList<CardDemand> demands, IReadOnlyList<PlanCard> cards, VramStrategy strategy)
    {
        var slowdowns = Slowdowns(demands);
        var guarantees = demands.Select(d => d.GuaranteeUnder(strategy)).ToArray();
        var caps = demands.Select((d, i) => strategy == VramStrategy.Fixed && d.CapBytes is { } cap ? Math.Max(cap, guarantees[i] ?? 0) : guarantees[i]).ToArray();
        var (promised, lowered) = (caps, false);
        var (ways, proven) = Pack(demands, caps, cards, slowdowns);
        if (strategy == VramStrategy.Fixed && ways.Any(way => way is null))
        {
            // Caps of fixed are promises too, as long as the cards can keep them; guarantees come before them.
            var (narrow, narrowProven) = Pack(demands, guarantees, cards, slowdowns);
            if (narrow.Count(way => way is not null) > ways.Count(way => way is not null))
                (promised, ways, proven, lowered) = (guarantees, narrow, narrowProven, true);
        }
        var given = Sharing.Caps(demands, ways, guarantees, caps, cards, strategy, lowered);
        var sums = cards.Select((card, c) => Sum(card, c, demands, ways, guarantees, strategy == VramStrategy.Fixed ? given : guarantees)).ToList();
        var placements = new List<CardPlacement>();
        for (var i = 0; i < demands.Count; i++)
            if (ways[i] is { } way)
                placements.Add(Placement(demands[i], [.. way.Select(c => cards[c].Index)], guarantees[i]!.Value, given[i], strategy, given[i] < (caps[i] ?? 0)));
        var overloads = demands.Where(d => d is { Rate: { } rate, Knee: { Reached: true } knee } && rate > knee.RequestsPerSecond)
            .Select(d => new Overload(d.Name, d.Rate!.Value, d.Knee!.RequestsPerSecond, (int)Math.Min(1000, Math.Ceiling(d.Rate.Value / d.Knee.RequestsPerSecond)))).ToList();
        var unplaced = Refusals.Of(demands, ways, promised, cards);
        return new CardPlan
        {
            Strategy = strategy,
            Placements = [.. placements.OrderBy(p => p.Gpus[0]).ThenByDescending(p => p.Priority)],
            Cards = sums,
            Unplaced = unplaced,
            Overloads = overloads,
            Proven = proven,
            Warnings = Remarks.Of(demands, ways, given, cards, sums, slowdowns, strategy),
            Ways = unplaced.Count + overloads.Count > 0 ? Refusals.Ways(demands, ways, promised, cards, strategy, unplaced, overloads) : [],
        };
    }

    /// <summary>A demand of unknown size takes no part.</summary>
    public static (int[]?[] Ways, bool Proven) Pack(IReadOnlyList<CardDemand> demands, long?[] needs, IReadOnlyList<PlanCard> cards, double[,] slowdowns) =>
        Packing.Of(demands, [.. needs.Select(need => need ?? long.MaxValue / 4)], cards, slowdowns);

    /// <summary>How much the first is slowed by the second; 1 where nobody measured it. Of several measurements the worst.</summary>
    public static double[,] Slowdowns(IReadOnlyList<CardDemand> demands)
    {
        var table = new double[demands.Count, demands.Count];
        for (var i = 0; i < demands.Count; i++)
            for (var j = 0; j < demands.Count; j++)
                table[i, j] = i == j ? 1 : demands.SelectMany(d => d.Slowdowns).Where(s => demands[i].IsCalled(s.Victim) && demands[j].IsCalled(s.By)).Select(s => s.Factor).Append(1).Max();
        return table;
    }

    private static CardSum Sum(PlanCard card, int position, IReadOnlyList<CardDemand> demands, int[]?[] ways, long?[] guarantees, long?[] promises)
    {
        var here = Enumerable.Range(0, demands.Count).Where(i => ways[i]?.Contains(position) == true).ToList();
        var promised = here.Sum(i => promises[i] ?? 0);
        return new CardSum(
            card.Index, card.Name, card.TotalBytes, card.DriverBytes, card.OthersBytes, here.Sum(i => guarantees[i] ?? 0), promised, card.ReserveBytes,
            Math.Max(Math.Min(card.ReserveBytes, card.Available - promised), 0), here.Sum(i => demands[i].Load ?? 0), [.. here.Where(i => demands[i].Load is null).Select(i => demands[i].Name)]);
    }

    private static CardPlacement Placement(CardDemand demand, IReadOnlyList<int> gpus, long guarantee, long? cap, VramStrategy strategy, bool lowered)
    {
        var measured = demand.PeakBytes is { } peak ? $"measured peak {Amount.Of((peak + MiB - 1) / MiB * MiB)}" : "as its profile proposes";
        var reason = demand.Said ? $"as said with --vram{(demand.PeakBytes is null ? "" : $"; {measured}")}"
            : guarantee < demand.GuaranteeBytes ? $"holds {Amount.Of(guarantee)} without requests; {measured}"
            : measured;
        if (strategy == VramStrategy.Fixed && lowered)
            reason += "; cap lowered to fit";
        return new CardPlacement(
            demand.Name, gpus, guarantee, cap ?? guarantee, demand.Priority, demand.SloP95Seconds, demand.SloTtftP95Seconds, demand.Knee?.RequestsPerSecond, demand.Rate, demand.Load, reason);
    }
}
