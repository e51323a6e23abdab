using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>What does not fit, by how much, and what could be done. Pure.</summary>
internal static class Refusals
{
    private const long MiB = 1L << 20;

    public static IReadOnlyList<Unplaced> Of(IReadOnlyList<CardDemand> demands, int[]?[] ways, long?[] needs, IReadOnlyList<PlanCard> cards)
    {
        var free = cards.Select((card, c) => (Card: card, Bytes: card.Most - On(c, ways, needs).Sum(i => needs[i]!.Value))).OrderByDescending(f => f.Bytes).ToList();
        var all = new List<Unplaced>();
        foreach (var (i, demand) in demands.Index().Where(d => ways[d.Index] is null))
        {
            if (needs[i] is not { } need)
            {
                all.Add(new Unplaced(demand.Name, demand.Priority, null, demand.Gpus, null, "its profile tells no VRAM: say how much it needs with --vram NAME=SIZE"));
                continue;
            }
            if (demand.Gpus > cards.Count)
            {
                all.Add(new Unplaced(demand.Name, demand.Priority, need, demand.Gpus, null, $"it was measured on {demand.Gpus} GPUs at once and there {(cards.Count == 1 ? "is 1" : $"are {cards.Count}")}"));
                continue;
            }
            var at = free[demand.Gpus - 1];
            var missing = need - at.Bytes;
            all.Add(new Unplaced(demand.Name, demand.Priority, need, demand.Gpus, missing, Why(at.Card, at.Bytes, cards, demands, ways, needs, need, missing)));
        }
        return all;
    }

    private static string Why(PlanCard card, long free, IReadOnlyList<PlanCard> cards, IReadOnlyList<CardDemand> demands, int[]?[] ways, long?[] needs, long need, long missing)
    {
        var here = On(cards.Index().First(c => c.Item == card).Index, ways, needs).Select(i => $"{demands[i].Name} {Amount.Of(needs[i]!.Value)}").ToList();
        var held = (card.DriverBytes > 0 ? $", the driver's own {Amount.Of(card.DriverBytes)}" : "") + (card.OthersBytes > 0 ? $", held by others {Amount.Of(card.OthersBytes)}" : "");
        return $"needs {Amount.Of(need)}; GPU {card.Index}, where most is free, has {Amount.Of(Math.Max(0, free))} left: {Amount.Of(card.TotalBytes)}{held}"
            + $"{(here.Count > 0 ? $", promised to {string.Join(" + ", here)}" : "")}, reserve {Amount.Of(card.ReserveBytes)} (at least {Amount.Of(card.Least)} of it stays). {Amount.Of(missing)} missing";
    }

    public static IReadOnlyList<string> Ways(
        IReadOnlyList<CardDemand> demands, int[]?[] ways, long?[] needs, IReadOnlyList<PlanCard> cards, VramStrategy strategy, IReadOnlyList<Unplaced> unplaced, IReadOnlyList<Overload> overloads)
    {
        var all = new List<string>();
        foreach (var left in unplaced.Where(left => left.MissingBytes is not null))
        {
            // The least important first, then the smallest that is large enough.
            var drop = Enumerable.Range(0, demands.Count).Where(i => ways[i] is not null && Fits(demands, needs, cards, without: i))
                .OrderBy(i => demands[i].Priority).ThenBy(i => needs[i]).Select(i => (int?)i).FirstOrDefault();
            all.Add($"leave {left.Name} out, or run it on another machine" + (drop is { } other && unplaced.Count == 1 ? $"; or the same with {demands[other].Name} ({Amount.Of(needs[other]!.Value)}, {demands[other].Priority.Word()})" : ""));
            if (left.NeededBytes - left.MissingBytes is > 0 and var room)
                all.Add($"give {left.Name} {Amount.Of(room / MiB * MiB)} if it can work with that: --vram {left.Name}={room / MiB}MiB (less cache or smaller batches; measure again). It takes the whole reserve but {Amount.Of(PlanCard.LeastReserve)}");
        }
        if (unplaced.Any(left => left.MissingBytes is not null))
        {
            var alone = new PlanCard(-1, null, unplaced.Where(left => left.MissingBytes is not null).Max(left => left.NeededBytes!.Value) + PlanCard.LeastReserve, PlanCard.LeastReserve);
            all.Add($"one more card of {Amount.Of(alone.TotalBytes)} or more for {string.Join(" or ", unplaced.Where(left => left.MissingBytes is not null).Select(left => left.Name))}");
        }
        if (strategy == VramStrategy.Fixed && unplaced.Count > 0 && Fits(demands, [.. demands.Select(d => d.GuaranteeUnder(VramStrategy.Dynamic))], cards, without: null))
            all.Add("--strategy dynamic (or priority): they fit with what they hold without requests; memory for busy hours is then shared, not promised, except to critical ones");
        foreach (var overload in overloads)
            all.Add($"{overload.Name}: {overload.Replicas} replicas, each with --rate {overload.Name}={overload.Rate / overload.Replicas:0.##} and a place of its own; or less traffic");
        return all;
    }

    private static bool Fits(IReadOnlyList<CardDemand> demands, long?[] needs, IReadOnlyList<PlanCard> cards, int? without)
    {
        var kept = Enumerable.Range(0, demands.Count).Where(i => i != without).ToList();
        CardDemand[] some = [.. kept.Select(i => demands[i])];
        return CardPlanner.Pack(some, [.. kept.Select(i => needs[i])], cards, new double[some.Length, some.Length]).Ways.All(way => way is not null);
    }

    private static IEnumerable<int> On(int position, int[]?[] ways, long?[] needs) => Enumerable.Range(0, ways.Length).Where(i => ways[i]?.Contains(position) == true && needs[i] is not null);
}
