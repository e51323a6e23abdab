using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>The counters of one life of a server: all from 0 after a restart.</summary>
internal sealed class ServerMetrics
{
    // By signal; null where the server does not measure it.
    private readonly ServerHistogram?[] _signals;

    public ServerMetrics(MetricsSpec spec)
    {
        Spec = spec;
        _signals = [.. Enum.GetValues<LatencySignal>().Select(signal => spec.Signals.TryGetValue(signal, out var bounds) ? new ServerHistogram(bounds) : null)];
    }

    public MetricsSpec Spec { get; }
    public long Requests { get; set; }
    public long Failed { get; set; }
    public long PromptTokens { get; set; }
    public long GeneratedTokens { get; set; }

    public void Observe(LatencySignal signal, TimeSpan took, int count = 1) => _signals[(int)signal]?.Observe(took.TotalSeconds, count);

    public IReadOnlyDictionary<LatencySignal, LatencyHistogram> Histograms() =>
        Kept().Where(kept => kept.Histogram.HasBounds).ToDictionary(kept => kept.Signal, kept => kept.Histogram.Snapshot());

    public IReadOnlyDictionary<LatencySignal, (double SumSeconds, double Count)> Sums() =>
        Kept().Where(kept => !kept.Histogram.HasBounds).ToDictionary(kept => kept.Signal, kept => (kept.Histogram.Sum, (double)kept.Histogram.Count));

    private IEnumerable<(LatencySignal Signal, ServerHistogram Histogram)> Kept()
    {
        for (var i = 0; i < _signals.Length; i++)
            if (_signals[i] is { } histogram)
                yield return ((LatencySignal)i, histogram);
    }
}

/// <summary>One histogram of a server.</summary>
internal sealed class ServerHistogram(IReadOnlyList<double> bounds)
{
    private readonly double[] _bounds = [.. bounds];
    private readonly long[] _buckets = new long[bounds.Count + 1];

    public bool HasBounds => _bounds.Length > 0;
    public double Sum { get; private set; }
    public long Count { get; private set; }

    public void Observe(double seconds, int count)
    {
        var at = Array.BinarySearch(_bounds, seconds);
        _buckets[at < 0 ? ~at : at] += count;
        Sum += seconds * count;
        Count += count;
    }

    public LatencyHistogram Snapshot()
    {
        var cumulative = new double[_buckets.Length];
        var total = 0L;
        for (var i = 0; i < cumulative.Length; i++)
            cumulative[i] = total += _buckets[i];
        return new LatencyHistogram(bounds, cumulative, Sum);
    }
}
