using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Looks once at one workload's latency, wherever that is kept. Never asked twice at a time.</summary>
internal interface ILatencyReader
{
    /// <summary>The preset or kind of source, e.g. <c>vllm</c>, <c>probe</c>, <c>textfile</c>.</summary>
    string Source { get; }

    /// <summary>Where it reads, for people; without credentials.</summary>
    string Endpoint { get; }

    /// <summary>It counts what completes: work in flight without a completion is a stall even before the first one.</summary>
    bool CountsCompletions { get; }

    /// <summary>It sees the users' own requests: quiet is then quiet. A probe sees only itself.</summary>
    bool SeesUsers => true;

    /// <summary>How often the server refreshes what it shows; zero: at each request.</summary>
    TimeSpan Refresh => TimeSpan.Zero;

    /// <exception cref="EndpointException">It could not be read; says why and what to do.</exception>
    ValueTask<LatencyScrape> ReadAsync(CancellationToken stop);
}
