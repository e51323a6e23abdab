using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Turns one server's scrapes into samples: growth over the last completions, idle, stalled. Pure but for its memory, which is
/// bounded; knows no clock but the scrapes' own times, which must not go back.</summary>
/// <param name="countsCompletions">The server is known to count what it completes, so that before its first completion, when many servers
/// do not show the counter yet, work in flight already counts as stalled. Without it the counter must have been seen.</param>
/// <param name="refresh">How often the server refreshes what it shows: standing still for so long says nothing.</param>
/// <param name="seesUsers">The source sees the users' requests; else it can never tell that there are none.</param>
internal sealed class LatencyTracker(string source, string endpoint, bool countsCompletions = false, bool seesUsers = true, TimeSpan refresh = default)
{
    /// <summary>No completion for this long, and nothing in flight: idle.</summary>
    public static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(10);

    private static readonly LatencySignal[] Signals = Enum.GetValues<LatencySignal>();

    private readonly SignalWindow?[] _windows = new SignalWindow?[Signals.Length];
    private bool _seesCompletions = countsCompletions;
    private bool _countsTokensLive;
    private MonoTime? _progressAt;
    private MonoTime? _busySince;
    /// <summary>Last sign of a request: in flight, completed or failed.</summary>
    private MonoTime _activeAt;
    private double? _requests;
    private double? _failedRequests;
    private double? _generatedTokens;

    public LatencySample Add(LatencyScrape scrape)
    {
        var first = _progressAt is null;
        var (progress, restarted) = (first, false);
        var (ended, streamed) = (false, false);
        var signals = new List<SignalSample>();
        foreach (var signal in Signals)
        {
            if (Read(scrape, signal) is not var (kind, total))
                continue;
            var step = total is null ? WindowStep.Nothing : (_windows[(int)signal] ??= new SignalWindow()).Add(scrape.At, total);
            restarted |= step == WindowStep.Restarted;
            ended |= signal == LatencySignal.EndToEnd && step != WindowStep.Nothing;
            streamed |= signal is LatencySignal.TimeToFirstToken or LatencySignal.InterToken && step == WindowStep.Progress;
            if (signal != LatencySignal.Queue)
            {
                // A queue's counter counts what began, which is no progress. A counter that appears was 0 before.
                _seesCompletions |= total is not null;
                progress |= step is WindowStep.Progress or WindowStep.Restarted || step == WindowStep.Baseline && total?.Count > 0;
            }
            signals.Add(Sample(signal, kind, scrape, total));
        }
        var tokensMoved = Moved(ref _generatedTokens, scrape.GeneratedTokens);
        progress |= tokensMoved;
        // Tokens that move while no request ends are counted as they are made. Where ends are not timed, that can't be told.
        _countsTokensLive |= !first && (streamed || tokensMoved) && !ended && signals.Exists(s => s.Signal == LatencySignal.EndToEnd);
        var requestsMoved = Moved(ref _requests, scrape.Requests);
        // Where requests are timed their own counter is not needed, and on some servers it counts arrivals.
        progress |= requestsMoved && !signals.Exists(s => s.Signal == LatencySignal.EndToEnd);
        _seesCompletions |= scrape.GeneratedTokens is not null || scrape.Requests is not null;
        if (progress)
            _progressAt = scrape.At;

        var sinceProgress = scrape.At - _progressAt!.Value;
        var tellsInFlight = scrape.Running is not null || scrape.Waiting is not null;
        var busy = (scrape.Running ?? 0) + (scrape.Waiting ?? 0) > 0;
        _busySince = busy ? _busySince ?? scrape.At : null;
        // Who answers only errors makes no progress, but has users.
        if (Moved(ref _failedRequests, scrape.FailedRequests) || progress || busy)
            _activeAt = scrape.At;
        // One gauge looked at now and then misses short requests: a source that gives quantiles all the same is asked.
        var tellsQuiet = seesUsers && (_seesCompletions || tellsInFlight && scrape.Quantiles.Count == 0);
        var quiet = scrape.At - _activeAt;
        // Without a count of what runs, silence is no proof of rest: a starved server is silent too. Until a window has passed it stays open.
        var isIdle = !busy && tellsQuiet && quiet >= (scrape.Running is null ? SignalWindow.MaxLength : IdleAfter + refresh);
        var stalled = !busy || !_seesCompletions ? TimeSpan.Zero : Shorter(scrape.At - _busySince!.Value, sinceProgress) - refresh;
        return new LatencySample
        {
            At = scrape.At,
            Source = source,
            Endpoint = endpoint,
            Signals = signals,
            Running = scrape.Running,
            Waiting = scrape.Waiting,
            Requests = scrape.Requests,
            FailedRequests = scrape.FailedRequests,
            PromptTokens = scrape.PromptTokens,
            GeneratedTokens = scrape.GeneratedTokens,
            KvCacheRatio = scrape.KvCacheRatio,
            ReservedBytes = scrape.ReservedBytes,
            AllocatedBytes = scrape.AllocatedBytes,
            IsIdle = isIdle,
            MayBeStarved = !busy && !isIdle && seesUsers && _seesCompletions && scrape.Running is null && quiet >= SuspiciousSilence(signals),
            CountsTokensLive = _countsTokensLive,
            Stalled = stalled > TimeSpan.Zero ? stalled : TimeSpan.Zero,
            Remarks = restarted ? [.. scrape.Remarks, "counts fell or buckets changed since the last look: measured anew from here"] : scrape.Remarks,
        };
    }

    /// <summary>Twenty times the mean gap between the last completions, ten seconds at least: chance does not explain that (Poisson: e^-20).</summary>
    private TimeSpan SuspiciousSilence(List<SignalSample> signals)
    {
        var gap = TimeSpan.Zero;
        foreach (var signal in signals)
        {
            if (signal.Signal != LatencySignal.Queue && signal.WindowCount > 0 && signal.WindowLength / signal.WindowCount is var mean && mean > gap)
                gap = mean;
        }
        var silence = gap * 20;
        return (silence > IdleAfter ? silence : IdleAfter) + refresh;
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>The best that the scrape has of a signal; the total is null where a source gives quantiles and no counts.</summary>
    private static (LatencyKind Kind, LatencyHistogram? Total)? Read(LatencyScrape scrape, LatencySignal signal)
    {
        if (scrape.Histograms.TryGetValue(signal, out var histogram))
            return (LatencyKind.Histogram, histogram);
        var total = scrape.Sums.TryGetValue(signal, out var sum) ? new LatencyHistogram([], [sum.Count], sum.SumSeconds) : null;
        if (scrape.Quantiles.ContainsKey(signal))
            return (LatencyKind.SourceQuantiles, total);
        return total is null ? null : (LatencyKind.MeanOnly, total);
    }

    private SignalSample Sample(LatencySignal signal, LatencyKind kind, LatencyScrape scrape, LatencyHistogram? total)
    {
        var window = total is null ? null : _windows[(int)signal]?.Window();
        return new SignalSample
        {
            Signal = signal,
            Kind = kind,
            Total = kind == LatencyKind.Histogram ? total : null,
            Window = kind == LatencyKind.Histogram ? window?.Growth : null,
            SourceQuantiles = kind == LatencyKind.SourceQuantiles ? scrape.Quantiles[signal] : null,
            MeanSeconds = window is { Growth: { SumSeconds: { } seconds, Count: var count } } ? seconds / count : null,
            WindowCount = window?.Growth.Count ?? 0,
            WindowLength = window?.Length ?? TimeSpan.Zero,
        };
    }

    private static bool Moved(ref double? last, double? now)
    {
        if (now is null)
            return false;
        var moved = last is null ? now > 0 : now != last;
        last = now;
        return moved;
    }
}
