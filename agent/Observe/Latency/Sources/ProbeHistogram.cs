using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>A cumulative histogram that the agent keeps itself. Not safe for threads.</summary>
internal sealed class ProbeHistogram
{
    /// <summary>1 ms to 60 s, six to a decade: a quantile is known to about a fifth of itself either way.</summary>
    public static readonly IReadOnlyList<double> Bounds =
    [
        0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07,
        0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60,
    ];

    private readonly double[] _counts = new double[Bounds.Count + 1];
    private double _sum;

    public void Observe(TimeSpan took)
    {
        var seconds = took.TotalSeconds;
        var bucket = 0;
        while (bucket < Bounds.Count && seconds > Bounds[bucket])
            bucket++;
        _counts[bucket]++;
        _sum += seconds;
    }

    public LatencyHistogram Total()
    {
        var cumulative = new double[_counts.Length];
        var below = 0d;
        for (var i = 0; i < _counts.Length; i++)
            cumulative[i] = below += _counts[i];
        return new LatencyHistogram(Bounds, cumulative, _sum);
    }
}
