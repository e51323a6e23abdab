namespace Headroom.Model;

/// <summary>Which latency. The words of metrics and policies: <c>e2e</c> (SLOs <c>p50 p90 p95 p99</c>), <c>ttft</c>, <c>itl</c>, <c>queue</c>.</summary>
internal enum LatencySignal
{
    /// <summary>Whole request, arrival to last byte.</summary>
    EndToEnd,
    /// <summary>Arrival to first token.</summary>
    TimeToFirstToken,
    /// <summary>Between two tokens of a stream.</summary>
    InterToken,
    /// <summary>Waiting before work on it began.</summary>
    Queue,
}

/// <summary>A cumulative histogram as a server keeps it, in seconds.</summary>
/// <param name="UpperBounds">Ascending, finite, seconds; the +Inf bucket is implied.</param>
/// <param name="Cumulative">Observations at or below each bound; one longer than <see cref="UpperBounds"/>, the last is the count.</param>
/// <param name="SumSeconds">Null when the server keeps none.</param>
internal sealed record LatencyHistogram(IReadOnlyList<double> UpperBounds, IReadOnlyList<double> Cumulative, double? SumSeconds)
{
    public double Count => Cumulative[^1];
}

/// <summary>What one look at a server gave: counters since the server started, gauges now. Null is unknown.</summary>
internal sealed record LatencyScrape
{
    public required MonoTime At { get; init; }
    public IReadOnlyDictionary<LatencySignal, LatencyHistogram> Histograms { get; init; } = new Dictionary<LatencySignal, LatencyHistogram>();
    /// <summary>Servers that keep only sums: (seconds, count).</summary>
    public IReadOnlyDictionary<LatencySignal, (double SumSeconds, double Count)> Sums { get; init; } = new Dictionary<LatencySignal, (double, double)>();
    /// <summary>Quantiles that the source computed itself, over its own window: rank 0..1 to seconds.</summary>
    public IReadOnlyDictionary<LatencySignal, IReadOnlyDictionary<double, double>> Quantiles { get; init; } =
        new Dictionary<LatencySignal, IReadOnlyDictionary<double, double>>();
    public double? Running { get; init; }
    public double? Waiting { get; init; }
    public double? Requests { get; init; }
    public double? FailedRequests { get; init; }
    public double? PromptTokens { get; init; }
    public double? GeneratedTokens { get; init; }
    /// <summary>Use of the KV cache, 0..1.</summary>
    public double? KvCacheRatio { get; init; }
    /// <summary>GPU memory that the framework has reserved, and the part it uses, in bytes: evidence of fragmentation.</summary>
    public double? ReservedBytes { get; init; }
    public double? AllocatedBytes { get; init; }
    /// <summary>Families or lines that could not be used, in words; never an error by itself.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

/// <summary>How good a latency reading is.</summary>
internal enum LatencyKind
{
    /// <summary>From a histogram: any quantile, exact to a bucket.</summary>
    Histogram,
    /// <summary>Quantiles by the source itself, over its own window.</summary>
    SourceQuantiles,
    /// <summary>Sums and counts only: a mean and nothing else.</summary>
    MeanOnly,
}

/// <summary>One latency of one workload over the window of its last requests.</summary>
internal sealed record SignalSample
{
    public required LatencySignal Signal { get; init; }
    public required LatencyKind Kind { get; init; }
    /// <summary>The server's own cumulative histogram, as last read.</summary>
    public LatencyHistogram? Total { get; init; }
    /// <summary>Its growth over the window: the last 50 requests or so. Null when nothing completed in it.</summary>
    public LatencyHistogram? Window { get; init; }
    /// <summary>Quantiles by the source itself (rank 0..1 to seconds), for <see cref="LatencyKind.SourceQuantiles"/>.</summary>
    public IReadOnlyDictionary<double, double>? SourceQuantiles { get; init; }
    /// <summary>Mean over the window; null when nothing completed or the server keeps no sum.</summary>
    public double? MeanSeconds { get; init; }
    /// <summary>Requests completed in the window.</summary>
    public double WindowCount { get; init; }
    public TimeSpan WindowLength { get; init; }
}

/// <summary>How fast one model answers, and how busy it is.</summary>
internal sealed record LatencySample
{
    public required MonoTime At { get; init; }
    /// <summary>The preset or source that reads it, e.g. <c>vllm</c>, <c>probe</c>, <c>textfile</c>.</summary>
    public required string Source { get; init; }
    /// <summary>Where it is read, for people; without credentials.</summary>
    public required string Endpoint { get; init; }
    public IReadOnlyList<SignalSample> Signals { get; init; } = [];
    public double? Running { get; init; }
    public double? Waiting { get; init; }
    public double? Requests { get; init; }
    public double? FailedRequests { get; init; }
    public double? PromptTokens { get; init; }
    public double? GeneratedTokens { get; init; }
    public double? KvCacheRatio { get; init; }
    public double? ReservedBytes { get; init; }
    public double? AllocatedBytes { get; init; }
    /// <summary>No request completed lately and none is in flight or waiting: nobody can be hurt. On a server that does not tell what is in flight,
    /// only after nothing completed for a whole window.</summary>
    public bool IsIdle { get; init; }
    /// <summary>Completions stopped, and the server does not tell what is in flight: it may be idle, it may be starved. Unknown, not idle.</summary>
    public bool MayBeStarved { get; init; }
    /// <summary>The server counts tokens while a request runs, so that a stall speaks of tokens too; else it counts them when the request ends.</summary>
    public bool CountsTokensLive { get; init; }
    /// <summary>With requests in flight or waiting and none completing: how long since the last completion (or since they were first seen).
    /// A lower bound of the age of the oldest request. Zero while requests complete.</summary>
    public TimeSpan Stalled { get; init; }
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Null when the server does not tell it.</summary>
    public SignalSample? Of(LatencySignal signal)
    {
        foreach (var one in Signals)
            if (one.Signal == signal)
                return one;
        return null;
    }
}
