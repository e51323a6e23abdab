using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>Which model on which cards: begins with the larger and more important ones wherever they cost least, then looks at all other ways that could cost less
/// (branch and bound). Exact for a dozen models; it stops looking at a bound for more. Pure, and the same each time.</summary>
internal sealed class Packing
{
    private const int MostNodes = 400_000;

    private readonly IReadOnlyList<PlanCard> _cards;
    private readonly IReadOnlyList<CardDemand> _demands;
    private readonly long[] _needs;
    private readonly double[,] _slowdowns;
    private readonly int[] _order;
    private readonly long[] _used;
    private readonly double[] _load;
    private readonly List<int>[] _on;
    private readonly int[]?[] _now;
    private int[]?[] _best = [];
    private PackingCost _least = PackingCost.Endless;
    private int _nodes;

    private Packing(IReadOnlyList<CardDemand> demands, long[] needs, IReadOnlyList<PlanCard> cards, double[,] slowdowns)
    {
        (_demands, _needs, _cards, _slowdowns) = (demands, needs, cards, slowdowns);
        _order = [.. Enumerable.Range(0, demands.Count).OrderByDescending(i => demands[i].Priority).ThenByDescending(i => needs[i] * demands[i].Gpus).ThenBy(i => i)];
        (_used, _load, _on) = (new long[cards.Count], new double[cards.Count], [.. cards.Select(_ => new List<int>())]);
        _now = new int[demands.Count][];
    }

    /// <param name="needs">Bytes on each GPU, one entry a demand.</param>
    /// <param name="slowdowns">How much the first is slowed by the second.</param>
    /// <returns>Positions of the cards of each demand, null where it has none; and whether nothing can cost less.</returns>
    public static (int[]?[] Cards, bool Proven) Of(IReadOnlyList<CardDemand> demands, long[] needs, IReadOnlyList<PlanCard> cards, double[,] slowdowns)
    {
        var packing = new Packing(demands, needs, cards, slowdowns);
        packing.Greedy(firstFit: false);
        packing.Greedy(firstFit: true);
        packing.Search(0, default);
        return (packing._best, packing._nodes <= MostNodes);
    }

    private void Greedy(bool firstFit)
    {
        PackingCost cost = default;
        foreach (var i in _order)
        {
            var ways = Ways(i).ToList();
            var way = firstFit ? ways.FirstOrDefault() : ways.MinBy(w => With(cost, i, w));
            cost = way is null ? cost with { Left = cost.Left + PackingCost.Leaving(_demands[i].Priority, _needs[i]) } : With(cost, i, way);
            if (way is not null)
                Put(i, way);
        }
        Keep(cost);
        for (var i = 0; i < _now.Length; i++)
            Take(i);
    }

    private void Search(int depth, PackingCost cost)
    {
        if (cost.CompareTo(_least) >= 0 || ++_nodes > MostNodes)
            return;
        if (depth == _order.Length)
        {
            Keep(cost);
            return;
        }
        var i = _order[depth];
        foreach (var (way, next) in Ways(i).Select(w => (Way: w, Next: With(cost, i, w))).OrderBy(w => w.Next).ToList())
        {
            Put(i, way);
            Search(depth + 1, next);
            Take(i);
        }
        Search(depth + 1, cost with { Left = cost.Left + PackingCost.Leaving(_demands[i].Priority, _needs[i]) });
    }

    private void Keep(PackingCost cost)
    {
        if (cost.CompareTo(_least) < 0)
            (_least, _best) = (cost, [.. _now]);
    }

    private void Put(int i, int[] way)
    {
        _now[i] = way;
        foreach (var c in way)
        {
            _used[c] += _needs[i];
            _load[c] += _demands[i].Load ?? 0;
            _on[c].Add(i);
        }
    }

    private void Take(int i)
    {
        foreach (var c in _now[i] ?? [])
        {
            _used[c] -= _needs[i];
            _on[c].Remove(i);
            // From its parts, not by subtraction: rounding would add up.
            _load[c] = _on[c].Sum(other => _demands[other].Load ?? 0);
        }
        _now[i] = null;
    }

    private PackingCost With(PackingCost cost, int i, int[] way)
    {
        foreach (var c in way)
        {
            var (card, used, more) = (_cards[c], _used[c], _used[c] + _needs[i]);
            double harmed = 0, slowed = 0;
            foreach (var other in _on[c])
            {
                var (mine, its) = (_slowdowns[i, other], _slowdowns[other, i]);
                harmed += Harms(i, mine) + Harms(other, its);
                slowed += Math.Max(0, mine - PackingCost.Mild) + Math.Max(0, its - PackingCost.Mild);
            }
            cost = cost with
            {
                Harmed = cost.Harmed + harmed,
                Slowed = cost.Slowed + slowed,
                Shrunk = cost.Shrunk + Shrunk(card, more) - Shrunk(card, used),
                Overloaded = cost.Overloaded + Over(_load[c] + (_demands[i].Load ?? 0)) - Over(_load[c]),
                Uneven = cost.Uneven + Square(more, card) - Square(used, card),
            };
        }
        return cost;
    }

    private int Harms(int victim, double factor) => _demands[victim].Priority == Priority.Critical && factor > PackingCost.Harm ? 1 : 0;

    private static double Shrunk(PlanCard card, long used) => Math.Max(0, used + card.ReserveBytes - card.Available);

    private static double Over(double load) => Math.Max(0, load - PackingCost.MostLoad);

    private static double Square(long used, PlanCard card) => Math.Pow(used / (double)Math.Max(1, card.Available), 2);

    /// <summary>All sets of as many cards as it needs on which it has room. Of empty cards that are alike only the first counts.</summary>
    private IEnumerable<int[]> Ways(int i)
    {
        var open = Enumerable.Range(0, _cards.Count).Where(c => _used[c] + _needs[i] <= _cards[c].Most).ToList();
        if (_demands[i].Gpus == 1)
            return open.Where(c => _on[c].Count > 0 || !open.Any(b => b < c && _on[b].Count == 0 && Alike(_cards[b], _cards[c]))).Select(c => new[] { c });
        return Sets(open, _demands[i].Gpus).Select(set => set.ToArray());
    }

    private static bool Alike(PlanCard a, PlanCard b) => a.Available == b.Available && a.ReserveBytes == b.ReserveBytes;

    private static IEnumerable<List<int>> Sets(IReadOnlyList<int> of, int size, int from = 0)
    {
        if (size == 0)
            return [[]];
        return Enumerable.Range(from, Math.Max(0, of.Count - from - size + 1)).SelectMany(k => Sets(of, size - 1, k + 1).Select(rest => (List<int>)[of[k], .. rest]));
    }
}
