using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Makes one histogram of a family's series: those with the bounds that most of them have, summed.</summary>
internal static class HistogramMerge
{
    private sealed record Group(double[] Bounds, double[] Cumulative)
    {
        public double? Sum { get; set; } = 0;
        public int Series { get; set; }
    }

    /// <summary>Null when no series has usable buckets. What is left out is said to <paramref name="scrape"/>.</summary>
    public static (double[] Bounds, double[] Cumulative, double? Sum)? Merge(SeriesTable table, PresetField field, ScrapeBuilder scrape)
    {
        var groups = new List<Group>();
        var broken = 0;
        foreach (var series in table.All)
        {
            if (series.Points.Count == 0)
                continue;
            if (Read(series, field.Unit) is not var (bounds, cumulative))
            {
                broken++;
                continue;
            }
            var group = groups.Find(g => g.Bounds.AsSpan().SequenceEqual(bounds));
            if (group is null)
                groups.Add(group = new Group(bounds, new double[cumulative.Length]));
            group.Series++;
            for (var i = 0; i < cumulative.Length; i++)
                group.Cumulative[i] += cumulative[i];
            group.Sum += series.Sum is { } sum && double.IsFinite(sum) && sum >= 0 ? Units.Scale(sum, field.Unit) : null;
        }
        if (broken > 0)
            scrape.Remark($"{field.Name}: {broken} series left out, with buckets that are no counts or no total");
        if (table.Overflown)
            scrape.Remark($"{field.Name}: more than {SeriesTable.MaxSeries} series or {SeriesTable.MaxPoints} buckets, the rest left out");
        if (groups.Count == 0)
            return null;

        var most = groups.OrderByDescending(g => g.Series).ThenByDescending(g => g.Cumulative[^1]).First();
        if (groups.Count > 1)
            scrape.Remark($"{field.Name}: {groups.Sum(g => g.Series) - most.Series} series left out, their buckets differ from those of the other {most.Series}");
        return (most.Bounds, most.Cumulative, most.Sum);
    }

    private static (double[] Bounds, double[] Cumulative)? Read(Series series, double unit)
    {
        var points = series.Points;
        for (var i = 1; i < points.Count; i++)
        {
            if (points[i].At <= points[i - 1].At)
            {
                // Out of order or twice (1 and 1.0): the later line of a bound holds.
                var byBound = new SortedDictionary<double, double>();
                foreach (var (at, value) in points)
                    byBound[at] = value;
                points = [.. byBound.Select(p => (p.Key, p.Value))];
                break;
            }
        }
        var hasTotal = points[^1].At == double.PositiveInfinity;
        var total = hasTotal ? points[^1].Value : series.Count;
        var finite = points.Count - (hasTotal ? 1 : 0);
        if (total is null || points[0].At == double.NegativeInfinity)
            return null;

        var bounds = new double[finite];
        var cumulative = new double[finite + 1];
        for (var i = 0; i <= finite; i++)
        {
            var value = i < finite ? points[i].Value : total.Value;
            if (!double.IsFinite(value) || value < 0)
                return null;
            // Servers read their buckets one after another while counting on: what a lower bound holds, a higher one holds too.
            cumulative[i] = i > 0 ? Math.Max(value, cumulative[i - 1]) : value;
            if (i < finite)
                bounds[i] = Units.Scale(points[i].At, unit);
        }
        return (bounds, cumulative);
    }
}
