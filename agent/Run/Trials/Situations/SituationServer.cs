using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Policies.Tests;

namespace Headroom.Run.Trials.Situations;

/// <summary>A server that answers as a test declares: its histograms only grow, as a real one's, and are read through the real windows.
/// What it declares shows as soon as enough of the last requests are of that kind, not before.</summary>
/// <param name="seconds">By signal: every latency that the test ever declares of it, ascending.</param>
internal sealed class SituationServer(string source, IReadOnlyDictionary<LatencySignal, IReadOnlyList<double>> seconds)
{
    /// <summary>The bucket of a declared latency begins so close below it that interpolating stays at it.</summary>
    private const double BucketBegin = 0.999;

    private readonly LatencyTracker _tracker = new(source, "the test", countsCompletions: true);
    private readonly Dictionary<LatencySignal, double[]> _bounds =
        seconds.ToDictionary(s => s.Key, s => s.Value.SelectMany(at => new[] { at * BucketBegin, at }).Distinct().Order().ToArray());
    private readonly Dictionary<LatencySignal, double[]> _answered = seconds.Keys.ToDictionary(signal => signal, _ => Array.Empty<double>());
    private double _requests;

    /// <summary>What one second more of this has it show.</summary>
    public LatencySample Look(DeclaredWorkload declared, MonoTime now)
    {
        var answered = declared.Idle ? 0 : declared.Requests;
        _requests += answered;
        foreach (var (signal, bounds) in _bounds)
        {
            var quantiles = declared.Latency?.Quantiles.Where(q => q.Signal == signal).OrderBy(q => q.Rank).ToList() ?? [];
            _answered[signal] = [.. Enumerable.Range(0, bounds.Length + 1).Select(i =>
                _answered[signal].ElementAtOrDefault(i) + (quantiles.Count == 0 ? 0 : answered * (i < bounds.Length ? Below(quantiles, bounds[i]) : 1)))];
        }
        return _tracker.Add(new LatencyScrape
        {
            At = now,
            Histograms = _bounds.ToDictionary(b => b.Key, b => new LatencyHistogram(b.Value, _answered[b.Key], null)),
            Requests = _requests,
            Running = declared.Idle ? 0 : declared.Running,
            Waiting = declared.Idle ? 0 : declared.Waiting,
            ReservedBytes = declared.ReservedBytes,
            AllocatedBytes = declared.AllocatedBytes,
        });
    }

    /// <summary>Part of the requests that take so long at most. A little beyond each rank is as fast as it: sums of parts are never exact.</summary>
    private static double Below(List<DeclaredQuantile> quantiles, double bound)
    {
        var below = 0.0;
        for (var i = 0; i < quantiles.Count && quantiles[i].Seconds <= bound; i++)
            below = i + 1 < quantiles.Count ? quantiles[i].Rank + (quantiles[i + 1].Rank - quantiles[i].Rank) / 4 : 1;
        return below;
    }
}
