using Headroom.Model;
using Headroom.Observe.Latency;

namespace Headroom.Simulate;

/// <summary>The simulated model servers, scraped as the real ones are: their counters go through the same tracker.</summary>
internal sealed class SimulatedLatencySource(SimulatedNode node) : ILatencySource
{
    private const int OthersEvery = 10;

    // Under the node's lock.
    private readonly Dictionary<string, Watched> _watched = [];
    private LatencySweep _latest = new(new Dictionary<string, WorkloadLatency>());

    public LatencySweep Latest => Volatile.Read(ref _latest);

    public void Watch(LatencyWatchList list) => node.Look((_, _) =>
    {
        var wanted = list.Targets.ToDictionary(target => target.Container.Id.InstanceId);
        foreach (var gone in _watched.Keys.Where(id => !wanted.ContainsKey(id)).ToList())
            _watched.Remove(gone);
        foreach (var (id, target) in wanted)
        {
            if (!_watched.TryGetValue(id, out var watched))
                _watched[id] = watched = new Watched();
            watched.Protected = target.Protected;
        }
        return Publish();
    });

    /// <summary>Protected workloads each second, the others each ten.</summary>
    public Task RunAsync(CancellationToken stop)
    {
        var round = 0;
        return node.RepeatAsync(() => Sweep(all: round++ % OthersEvery == 0), stop);
    }

    /// <summary>Scrapes the watched servers once and publishes.</summary>
    /// <param name="all">Else only the protected ones and those never read.</param>
    public LatencySweep Sweep(bool all = true) => node.Look((world, now) =>
    {
        foreach (var (id, watched) in _watched)
            if (all || watched.Protected || watched.Latest.Attempts == 0)
                Scrape(watched, Find(world, id), now);
        return Publish();
    });

    /// <summary>Lets the trackers see counters on the way of a fast simulation; publishes nothing. Called by the node, under its lock.</summary>
    internal void Glance(World world, SimulatedNow now)
    {
        foreach (var (id, watched) in _watched)
            if (watched.Tracker is { } tracker && Find(world, id) is { } workload && Scrapes.Of(workload, now.Simulated) is { } scrape)
                tracker.Add(scrape);
    }

    private static void Scrape(Watched watched, SimulatedWorkload? workload, SimulatedNow now)
    {
        if (workload?.Spec.Serving?.Metrics is not { Preset: { } preset } metrics)
        {
            watched.Fail("no metrics endpoint of a known model server", now);
            return;
        }
        var endpoint = $"http://{workload.Spec.Container.Address}:{metrics.Port}{metrics.Path}";
        watched.Preset = preset;
        watched.Tracker ??= new LatencyTracker(preset, endpoint);
        if (Scrapes.Of(workload, now.Simulated) is not { } scrape)
        {
            watched.Fail(workload.Ready ? $"{endpoint}: no answer within 1 s" : $"{endpoint}: connection refused", now);
            return;
        }
        // Windows are measured in simulated time; freshness is judged by the host's clock.
        var sample = watched.Tracker.Add(scrape) with { At = now.Host };
        watched.Latest = watched.Latest.Success(sample, now.Host, now.Host);
    }

    private static SimulatedWorkload? Find(World world, string id) => world.Workloads.FirstOrDefault(workload => workload.InstanceId == id);

    private LatencySweep Publish()
    {
        var sweep = new LatencySweep(_watched.ToDictionary(
            pair => pair.Key, pair => new WorkloadLatency(pair.Key, pair.Value.Preset, pair.Value.Latest)));
        Volatile.Write(ref _latest, sweep);
        return sweep;
    }

    private sealed class Watched
    {
        public bool Protected { get; set; }
        public string? Preset { get; set; }
        public LatencyTracker? Tracker { get; set; }
        public Latest<LatencySample> Latest { get; set; } = Latest<LatencySample>.Nothing;

        public void Fail(string error, SimulatedNow now) => Latest = Latest.Failure(error, now.Host, now.Host);
    }
}
