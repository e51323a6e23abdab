namespace Headroom.Model;

/// <summary>A quantile as a histogram tells it: somewhere in one bucket.</summary>
/// <param name="Seconds">Interpolated inside the bucket; the last bound when beyond it.</param>
/// <param name="Lower">The bucket's lower bound; 0 for the first.</param>
/// <param name="Upper">The bucket's upper bound; infinite beyond the last.</param>
/// <param name="InFirstBucket">Known only to be at most <paramref name="Upper"/>.</param>
/// <param name="BeyondLastBound">Known only to be above <paramref name="Lower"/>.</param>
internal readonly record struct QuantileEstimate(double Seconds, double Lower, double Upper, bool InFirstBucket, bool BeyondLastBound);

internal static class LatencyQuantile
{
    /// <summary>The quantile of rank 0..1, by linear interpolation in the bucket that holds it, as Prometheus' <c>histogram_quantile</c> does.
    /// Null when nothing was observed, or the histogram has no finite bound.</summary>
    public static QuantileEstimate? Of(LatencyHistogram histogram, double rank)
    {
        var (bounds, cumulative) = (histogram.UpperBounds, histogram.Cumulative);
        if (bounds.Count == 0 || histogram.Count is not > 0 || rank is not (>= 0 and <= 1))
            return null;
        var wanted = rank * histogram.Count;
        var bucket = 0;
        while (bucket < bounds.Count && (cumulative[bucket] < wanted || cumulative[bucket] <= 0))
            bucket++;
        if (bucket == bounds.Count)
            return new QuantileEstimate(bounds[^1], bounds[^1], double.PositiveInfinity, false, true);

        var upper = bounds[bucket];
        var lower = bucket > 0 ? bounds[bucket - 1] : Math.Min(0, upper);
        var below = bucket > 0 ? cumulative[bucket - 1] : 0;
        var part = Math.Clamp((wanted - below) / (cumulative[bucket] - below), 0, 1);
        return new QuantileEstimate(Math.Min(lower + part * (upper - lower), upper), lower, upper, bucket == 0, false);
    }
}
