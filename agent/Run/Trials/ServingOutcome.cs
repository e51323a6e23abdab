using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Run.Trials;

/// <summary>How well a server answered. Quantiles are exact, over every request that it answered.</summary>
/// <param name="from">The start of the trial on the world's clock.</param>
/// <param name="requests">In the order in which they were answered.</param>
internal sealed class ServingOutcome(string workload, IReadOnlyList<Slo> slos, TimeSpan from, IReadOnlyList<CompletedRequest> requests, long lost, int unfinished)
{
    /// <summary>A window with fewer requests says nothing of a p95.</summary>
    public const int LeastRequests = 50;
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private readonly double[] _sorted = [.. requests.Select(request => request.Sojourn.TotalSeconds).Order()];

    public string Workload => workload;
    public IReadOnlyList<Slo> Slos => slos;
    public IReadOnlyList<CompletedRequest> Requests => requests;
    /// <summary>Requests that found nobody, or were in flight when it died.</summary>
    public long Lost => lost;
    /// <summary>In flight at the end.</summary>
    public int Unfinished => unfinished;

    /// <summary>Seconds from arrival to last byte; null without requests.</summary>
    /// <param name="rank">0..1.</param>
    public double? Quantile(double rank) => Quantile(_sorted, rank);

    /// <summary>Five-minute windows with enough requests answered in them, and those of them that kept the SLO.</summary>
    public SloWindows Windows(Slo slo)
    {
        var (counted, kept) = (0, 0);
        foreach (var window in requests.GroupBy(request => (request.Done - from).Ticks / Window.Ticks))
        {
            double[] seconds = [.. window.Select(request => Seconds(request, slo.Signal)).OfType<double>().Order()];
            if (seconds.Length < LeastRequests)
                continue;
            counted++;
            kept += Quantile(seconds, slo.Rank) <= slo.Target.TotalSeconds ? 1 : 0;
        }
        return new SloWindows(counted, kept);
    }

    private static double? Seconds(CompletedRequest request, LatencySignal signal) => signal switch
    {
        LatencySignal.EndToEnd => request.Sojourn.TotalSeconds,
        LatencySignal.Queue => (request.Started - request.Arrived).TotalSeconds,
        LatencySignal.TimeToFirstToken => (request.FirstToken - request.Arrived)?.TotalSeconds,
        // The mean of the request: single gaps are not kept.
        _ => request.Tokens > 1 ? (request.Done - request.FirstToken)?.TotalSeconds / (request.Tokens - 1) : null,
    };

    // Nearest rank: the smallest that at least this part is not above.
    private static double? Quantile(double[] sorted, double rank) =>
        sorted.Length == 0 ? null : sorted[Math.Clamp((int)Math.Ceiling(rank * sorted.Length) - 1, 0, sorted.Length - 1)];
}

/// <param name="Counted">Windows with enough requests.</param>
internal readonly record struct SloWindows(int Counted, int Kept)
{
    /// <summary>Null when no window counts.</summary>
    public double? Ratio => Counted > 0 ? (double)Kept / Counted : null;
}
