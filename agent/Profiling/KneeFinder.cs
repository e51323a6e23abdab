namespace Headroom.Profiling;

/// <summary>Steps -> the rate beyond which latency grows faster than people accept, and what the server can take at most. Pure.</summary>
internal static class KneeFinder
{
    /// <param name="limitSeconds">The p95 that must be kept.</param>
    /// <returns>Null: no step tells anything.</returns>
    public static ProfileKnee? Find(LatencySummary unloaded, IReadOnlyList<ProfileStep> steps, double limitSeconds)
    {
        var measured = steps.Where(s => s is { Part: "search" or "sweep", Latency: not null }).OrderBy(s => s.AskedPerSecond).ToList();
        if (measured.Count == 0)
            return null;
        var capacity = measured.Where(s => s.Saturated && s.AnsweredPerSecond > 0).MaxBy(s => s.Answered)?.AnsweredPerSecond;
        var points = Rising([(0, unloaded.P95, unloaded.Count), .. measured.Select(s => (s.AskedPerSecond, Worst(s, limitSeconds), s.Sent))]);
        var factor = limitSeconds / unloaded.P95;
        for (var i = 1; i < points.Count; i++)
        {
            if (points[i].P95 <= limitSeconds)
                continue;
            var (below, above) = (points[i - 1], points[i]);
            // Near the knee latency grows about exponentially with the rate.
            var part = (Math.Log(limitSeconds) - Math.Log(below.P95)) / (Math.Log(above.P95) - Math.Log(below.P95));
            return new ProfileKnee(below.Rate + Math.Clamp(part, 0, 1) * (above.Rate - below.Rate), limitSeconds, factor, capacity, true);
        }
        return new ProfileKnee(points[^1].Rate, limitSeconds, factor, capacity, false);
    }

    // The latency of an overload only tells how long it went on.
    private static double Worst(ProfileStep step, double limit) => step.Saturated ? Math.Max(step.Latency!.P95, 2 * limit) : step.Latency!.P95;

    /// <summary>Latency does not fall when the rate rises; where it seems so, chance did it: neighbours are put together, each with the weight of its requests (pool adjacent violators).</summary>
    private static List<(double Rate, double P95)> Rising(IEnumerable<(double Rate, double P95, int Count)> steps)
    {
        var pools = new List<(double Log, double Weight, List<double> Rates)>();
        foreach (var same in steps.GroupBy(s => s.Rate))
        {
            var weight = (double)Math.Max(1, same.Sum(s => s.Count));
            pools.Add((same.Sum(s => Math.Log(s.P95) * Math.Max(1, s.Count)) / weight, weight, [same.Key]));
            while (pools.Count > 1 && pools[^2].Log >= pools[^1].Log)
            {
                var (a, b) = (pools[^2], pools[^1]);
                pools.RemoveRange(pools.Count - 2, 2);
                pools.Add(((a.Log * a.Weight + b.Log * b.Weight) / (a.Weight + b.Weight), a.Weight + b.Weight, [.. a.Rates, .. b.Rates]));
            }
        }
        return [.. pools.SelectMany(p => p.Rates.Select(rate => (rate, Math.Exp(p.Log))))];
    }
}
