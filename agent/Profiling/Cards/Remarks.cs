using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>What a reader of a plan should know, with the numbers. Pure.</summary>
internal static class Remarks
{
    public static IReadOnlyList<string> Of(
        IReadOnlyList<CardDemand> demands, int[]?[] ways, long?[] caps, IReadOnlyList<PlanCard> cards, IReadOnlyList<CardSum> sums, double[,] slowdowns, VramStrategy strategy) =>
    [
        .. sums.Where(sum => sum.ReserveLeft < sum.ReserveWritten).Select(sum => Reserve(sum, strategy)), .. cards.Zip(sums).SelectMany(c => Round(c.First, c.Second)), .. Busy(demands, ways, caps, cards, sums), .. Pairs(demands, ways, cards, slowdowns), .. Loads(demands, ways, cards, sums),
        .. demands.SelectMany(Own),
    ];

    private static string Reserve(CardSum sum, VramStrategy strategy)
    {
        var asked = sum.Promised + sum.ReserveWritten + sum.DriverBytes + sum.OthersBytes;
        var others = (sum.DriverBytes > 0 ? $", the driver's own {Amount.Of(sum.DriverBytes)}" : "") + (sum.OthersBytes > 0 ? $", others' {Amount.Of(sum.OthersBytes)}" : "");
        return $"GPU {sum.Gpu}: {(strategy == VramStrategy.Fixed ? "caps" : "guarantees")} of {Amount.Of(sum.Promised)}{others} and a reserve of {Amount.Of(sum.ReserveWritten)} are {Amount.Of(asked)}; "
            + $"the card reports {Amount.Of(sum.TotalBytes)}, {Amount.Of(asked - sum.TotalBytes)} less. The models keep theirs; the reserve shrinks to {Amount.Of(sum.ReserveLeft)}, "
            + $"and the agent will say so too{(sum.DriverBytes > 0 ? "" : " (it takes off what the driver keeps for itself as well)")}";
    }

    /// <summary>A size that a person said and that no card has.</summary>
    private static IEnumerable<string> Round(PlanCard card, CardSum sum)
    {
        if (card.Name is not null || (card.TotalBytes % (1L << 30) != 0 && card.TotalBytes % 1_000_000_000 != 0))
            yield break;
        // An A100 of "40 GB": 40,536 of 40,960 MiB.
        var missing = card.TotalBytes / 40_960 * 424;
        var left = card.Available - missing - sum.Promised;
        yield return $"GPU {card.Index}: {Amount.Of(card.TotalBytes)} is a size from a shop, and cards report less: an A100 sold with 40 GB 40,536 MiB, 424 MiB less than 40 GiB. "
            + (left >= card.ReserveBytes ? "The reserve stays whole all the same" : left >= card.Least ? $"With as much less here the reserve shrinks to {Amount.Of(left)}" : "With as much less here these models do not fit")
            + "; `nvidia-smi --query-gpu=memory.total --format=csv` tells what to say with --card";
    }

    /// <summary>Peaks that can't all be had at once, or never.</summary>
    private static IEnumerable<string> Busy(IReadOnlyList<CardDemand> demands, int[]?[] ways, long?[] caps, IReadOnlyList<PlanCard> cards, IReadOnlyList<CardSum> sums)
    {
        for (var c = 0; c < cards.Count; c++)
        {
            var here = Enumerable.Range(0, demands.Count).Where(i => ways[i]?.Contains(c) == true && demands[i].PeakBytes is not null && !demands[i].Said).ToList();
            var (peaks, room) = (here.Sum(i => demands[i].PeakBytes!.Value), cards[c].Available - sums[c].ReserveLeft);
            if (peaks > room)
                yield return $"GPU {cards[c].Index}: the measured peaks sum to {Amount.Of(peaks)} and there is room for {Amount.Of(room)}: when all are busy at once, "
                    + $"{string.Join(", ", here.Where(i => demands[i].Priority < Priority.Critical).Select(i => demands[i].Name))} may run out of memory";
            foreach (var i in here.Where(i => caps[i] < demands[i].PeakBytes))
                yield return $"GPU {cards[c].Index}: {demands[i].Name} may hold {Amount.Of(caps[i]!.Value)} at most, less than its measured peak of {Amount.Of(demands[i].PeakBytes!.Value)}: at its peak it runs out of memory";
        }
    }

    private static IEnumerable<string> Pairs(IReadOnlyList<CardDemand> demands, int[]?[] ways, IReadOnlyList<PlanCard> cards, double[,] slowdowns)
    {
        for (var i = 0; i < demands.Count; i++)
            for (var j = 0; j < demands.Count; j++)
                if (i != j && slowdowns[i, j] > PackingCost.Mild && ways[i]?.Intersect(ways[j] ?? []).Select(c => (int?)cards[c].Index).FirstOrDefault() is { } gpu)
                    yield return demands[i].Priority == Priority.Critical && slowdowns[i, j] > PackingCost.Harm
                        ? $"GPU {gpu}: critical {demands[i].Name} was {Amount.Times(slowdowns[i, j])} as slow beside {demands[j].Name}; they share the card because no other has room. "
                            + Aside(demands[j], "Another card would be better")
                        : $"GPU {gpu}: {demands[i].Name} was {Amount.Times(slowdowns[i, j])} as slow beside {demands[j].Name}" + (demands[j].Priority < demands[i].Priority ? $". {Aside(demands[j], null)}" : "");
    }

    private static string Aside(CardDemand neighbour, string? first) => neighbour.Priority == Priority.Batch
        ? $"{first}{(first is null ? "" : "; ")}{neighbour.Name} is batch and stands aside (yields: gate)"
        : $"{first}{(first is null ? "" : "; or ")}{neighbour.Name} can stand aside: --priority {neighbour.Name}=batch (yields: gate)";

    private static IEnumerable<string> Loads(IReadOnlyList<CardDemand> demands, int[]?[] ways, IReadOnlyList<PlanCard> cards, IReadOnlyList<CardSum> sums)
    {
        for (var c = 0; c < cards.Count; c++)
        {
            var here = Enumerable.Range(0, demands.Count).Where(i => ways[i]?.Contains(c) == true).Select(i => demands[i]).ToList();
            var known = here.Where(d => d.Load is not null).ToList();
            if (sums[c].Load > PackingCost.MostLoad)
            {
                var batch = here.Where(d => d.Priority == Priority.Batch).Select(d => d.Name).ToList();
                yield return $"GPU {cards[c].Index}: its time is over-committed: {string.Join(" + ", known.Select(d => $"{d.Name} {Amount.Rate(d.Rate!.Value)} of {Amount.Rate(d.Capacity!.Value)}"))} "
                    + $"are {Amount.Percent(sums[c].Load)} of what it can do; above {Amount.Percent(PackingCost.MostLoad)} answers wait for each other. "
                    + (batch.Count > 0 ? $"{string.Join(", ", batch)} stands aside for requests (yields: gate)" : "Move one, or let one stand aside: --priority NAME=batch (yields: gate)");
            }
            if (known.Count > 0 && known.Count < here.Count)
                yield return $"GPU {cards[c].Index}: the load of {string.Join(", ", sums[c].LoadUnknown)} is not known and not counted: say --rate NAME=REQUESTS_PER_SECOND"
                    + (sums[c].LoadUnknown.Any(name => demands.Any(d => d.Name == name && d.Capacity is null)) ? ", and profile it until it has a knee" : "");
        }
    }

    private static IEnumerable<string> Own(CardDemand demand)
    {
        if (demand is { Rate: { } rate, Knee: { Reached: false } knee } && rate > knee.RequestsPerSecond)
            yield return $"{demand.Name}: {Amount.Rate(rate)} is more than the {Amount.Rate(knee.RequestsPerSecond)} up to which it was measured; its knee is somewhere above";
        if (demand is { Rate: not null, Knee: null })
            yield return $"{demand.Name}: its profile has no knee, so nobody knows whether it can answer {Amount.Rate(demand.Rate.Value)}";
        if (demand is { SloP95Seconds: { } slo, UnloadedP95Seconds: { } alone } && alone > slo)
            yield return $"{demand.Name}: its SLO of p95 {slo * 1000:0.#} ms is less than the {alone * 1000:0.#} ms that it takes alone: no plan can keep it";
        if (demand.Priority == Priority.Batch && (demand.SloP95Seconds ?? demand.SloTtftP95Seconds) is not null)
            yield return $"{demand.Name} is batch: its SLO is left out, as nothing is less important that could be slowed to keep it";
        if (demand.MatchGuessed)
            yield return $"{demand.Name}: its profile names no container; the policy's match {demand.Match.Key}: {demand.Match.Value} is a guess, put the right one there";
        foreach (var warning in demand.Warnings)
            yield return warning;
    }
}
