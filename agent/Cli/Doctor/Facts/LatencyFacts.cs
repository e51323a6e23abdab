using Headroom.Model;
using Headroom.Observe.Latency;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Cli.Doctor.Facts;

/// <summary>One look at the latency of each workload with an SLO, as the agent itself would take it.</summary>
internal static class LatencyFacts
{
    // A first look may find a server's families not there yet.
    private const int Looks = 2;

    /// <summary>By container id; those that did not answer in time say so.</summary>
    public static async Task<IReadOnlyDictionary<string, WorkloadLatency>> ReadAsync(
        IReadOnlyList<LatencyTarget> targets, IReadOnlyList<Preset> presets, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        if (targets.Count == 0)
            return new Dictionary<string, WorkloadLatency>();
        var watch = new LatencyWatch(time, NullLogger<LatencyWatch>.Instance);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = watch.RunAsync(ending.Token);
        watch.Watch(new LatencyWatchList(targets, presets));
        await Patience.WaitAsync(
            () => watch.Latest.ByInstance is var seen && targets.All(t => seen.TryGetValue(t.Container.Id.InstanceId, out var one) && IsDone(one.Latest)),
            patience, time, stop);
        var latest = watch.Latest.ByInstance;
        await Patience.EndAsync(running, ending, time);
        return latest;
    }

    private static bool IsDone(Latest<LatencySample> latest) =>
        latest.Sample is not null || latest.Attempts >= Looks || latest is { Attempts: 0, Error: not null };
}
