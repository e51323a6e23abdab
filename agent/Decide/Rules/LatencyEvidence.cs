using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What is known of one protected workload's latency, and what of it is news since something was last done.</summary>
/// <param name="Pressure">The worst settled pressure; null when none is known or too few requests were answered since.</param>
/// <param name="Overall">The worst over all that was answered since something was last done: steadier than fifty requests.</param>
/// <param name="Full">It stands on a full window of requests answered since.</param>
/// <param name="Seen">The worst as it is told, news or not.</param>
/// <param name="Worst">The SLO it stands for.</param>
/// <param name="Idle">Nobody can be hurt.</param>
/// <param name="Unknown">No reading can be used.</param>
/// <param name="Stalled">Requests are in flight and none completes.</param>
/// <param name="Violations">More requests broke an SLO since than it allows.</param>
internal readonly record struct LatencyEvidence(double? Pressure, double? Seen, double? Overall, bool Full, SloReading? Worst, bool Idle, bool Unknown, bool Stalled, bool Violations)
{
    /// <summary>Enough to speak of a quantile again.</summary>
    private const double Settled = 20;
    private const double WindowCount = 50;
    /// <summary>Two windows.</summary>
    private const double LastingCount = 100;
    /// <summary>Servers that give quantiles without counts: their windows are unknown, so act at most this often.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);

    public static LatencyEvidence Of(WorkloadSnapshot workload, ProtectedMemory memory, MonoTime now)
    {
        double? pressure = null;
        double? highest = null;
        double? longest = null;
        SloReading? worst = null;
        var (known, idle, stalled, violations, full) = (false, false, false, false, true);
        foreach (var reading in workload.Slos)
        {
            idle |= reading.Pressure.State == ReadingState.Idle;
            if (reading.Pressure is not { State: ReadingState.Fresh, Value: { } seen } || !double.IsFinite(seen) || seen < 0)
                continue;
            known = true;
            highest = highest > seen ? highest : seen;
            var target = reading.Slo.Target.TotalSeconds;
            var isStall = workload.Latency is { Stalled: { Ticks: > 0 } stall } && stall.TotalSeconds / target >= seen - 1e-9;
            var signal = workload.Latency?.Of(reading.Slo.Signal);
            double? settled;
            if (isStall)
                (settled, stalled) = (seen, true);
            else if (signal?.Total is not { } total)
                settled = memory.ActedAt is { } acted && now - acted < Pace ? null : seen;
            else
                settled = SinceAction(reading, total, seen, signal.Window, memory, ref violations, ref full, ref longest);
            if (settled is { } value && (pressure is null || value > pressure))
                (pressure, worst) = (value, reading);
            worst ??= reading;
        }
        return new LatencyEvidence(pressure, highest, longest, full, worst, idle && !known, !known && !idle, stalled, violations);
    }

    /// <summary>The last 50 requests reach back to before the action: what they say of that time is no news. So only those answered since count, as soon as there are 20.</summary>
    private static double? SinceAction(SloReading reading, LatencyHistogram total, double seen, LatencyHistogram? window, ProtectedMemory memory, ref bool violations, ref bool full, ref double? longest)
    {
        var slo = reading.Slo;
        var since = memory.Counts.GetValueOrDefault(slo.Name) is { } then ? Growth(then, total) : null;
        var news = since is null || since.Count > WindowCount ? window : since;
        if (news is not null)
            violations |= Above(news, slo.Target.TotalSeconds) >= Allowed(slo);
        if (since is null)
            return seen;
        var all = LatencyQuantile.Of(since, slo.Rank) is { } quantile ? quantile.Seconds / slo.Target.TotalSeconds : (double?)null;
        if (since.Count >= WindowCount)
        {
            longest = longest > all ? longest : all;
            return seen;
        }
        full = false;
        return since.Count < Settled ? null : all;
    }

    /// <summary>Two violations in a window are too many for a p95; a p50 has them all the time.</summary>
    private static double Allowed(Slo slo) => Math.Max(2, Math.Ceiling((1 - slo.Rank) * WindowCount * 0.8 - 1e-9));

    /// <summary>Requests that were surely slower.</summary>
    private static double Above(LatencyHistogram histogram, double seconds)
    {
        var bounds = histogram.UpperBounds;
        for (var i = 0; i < bounds.Count; i++)
            if (bounds[i] >= seconds)
                return histogram.Count - histogram.Cumulative[i];
        return 0;
    }

    private static LatencyHistogram? Growth(LatencyHistogram then, LatencyHistogram now)
    {
        if (then.Cumulative.Count != now.Cumulative.Count)
            return null;
        var cumulative = new double[now.Cumulative.Count];
        for (var i = 0; i < cumulative.Length; i++)
        {
            var grew = now.Cumulative[i] - then.Cumulative[i];
            // The server restarted: all that it counts is news.
            if (grew < 0)
                return now;
            cumulative[i] = Math.Max(grew, i > 0 ? cumulative[i - 1] : 0);
        }
        return new LatencyHistogram(now.UpperBounds, cumulative, null);
    }

    /// <summary>Two whole windows of requests since then broke an SLO: no chance cluster of slow ones, which raises a p95 of fifty now and then by itself.
    /// Where nothing completes, or nothing is counted, time alone must do.</summary>
    public static bool Lasts(WorkloadSnapshot workload, IReadOnlyDictionary<string, LatencyHistogram> since, double limit)
    {
        var counted = false;
        foreach (var reading in workload.Slos)
        {
            if (workload.Latency?.Of(reading.Slo.Signal)?.Total is not { } total || !since.TryGetValue(reading.Slo.Name, out var then))
                continue;
            counted = true;
            if (Growth(then, total) is { Count: >= LastingCount } growth && LatencyQuantile.Of(growth, reading.Slo.Rank) is { } quantile
                && quantile.Seconds / reading.Slo.Target.TotalSeconds > limit)
                return true;
        }
        return !counted;
    }

    /// <summary>The histograms to measure the next news against.</summary>
    public static IReadOnlyDictionary<string, LatencyHistogram> CountsOf(WorkloadSnapshot workload)
    {
        var counts = new Dictionary<string, LatencyHistogram>();
        foreach (var reading in workload.Slos)
            if (workload.Latency?.Of(reading.Slo.Signal)?.Total is { } total)
                counts[reading.Slo.Name] = total;
        return counts;
    }
}
