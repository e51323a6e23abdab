using Headroom.Decide;
using Headroom.Model;
using Headroom.Observe;
using Headroom.Observe.Ledger;
using Headroom.Policies;

namespace Headroom.Run;

/// <summary>The latest of all sources and the policy -> one snapshot of the node. No I/O, no clock; remembers only classifications of unchanged containers, and witnesses.</summary>
internal sealed class SnapshotAssembly(string node)
{
    private readonly ActivityWitness _witness = new();
    private Dictionary<string, Classified> _classified = [];

    private sealed record Classified(ContainerSample Container, Policy By, WorkloadPolicy Policy);

    /// <param name="most">How far the agent may go, whatever the policy says.</param>
    /// <param name="activity">Null: nobody looks.</param>
    /// <param name="act">Null: nothing is held.</param>
    /// <param name="ledger">Null: nobody reads pages.</param>
    public NodeSnapshot Assemble(
        long seq, DateTimeOffset wall, MonoTime now, Latest<GpuSweep> gpus, Latest<WorkloadSweep> workloads, LatencySweep latency, Policy policy,
        Mode most = Mode.Enforce, ActivitySweep? activity = null, ActState? act = null, IReadOnlyList<AlertSignal>? alerts = null, Latest<LedgerSweep>? ledger = null)
    {
        var samples = FreshGpus(gpus, now);
        var onGpu = samples.SelectMany(g => g.Processes ?? []).Select(p => p.ContainerId).OfType<string>().ToHashSet();
        var containers = FreshContainers(workloads, onGpu, now);
        // Names hold as long as the container exists, also while Docker does not answer: they are no reading.
        var names = (workloads.Sample?.Containers ?? []).ToDictionary(c => c.Id.InstanceId, c => c.Name);
        var attribution = Attribution.Of(samples, names);
        var books = ledger?.FreshSample(now, Freshness.Ledger);
        return new NodeSnapshot
        {
            Seq = seq,
            WallAt = wall,
            Mono = now,
            Node = node,
            Mode = ModeAt(policy, wall).AtMost(most),
            Driver = gpus.Sample?.Driver,
            Docker = workloads.Sample?.Docker,
            Gpus = samples,
            Workloads = Workloads(containers, onGpu, latency, activity ?? ActivitySweep.Empty, Frameworks(books), policy, now),
            Books = books is null ? [] : MemoryBooks.Of(books, [.. samples.Select(g => g.Identity)]),
            Attribution = attribution,
            Health =
            [
                HealthOf("gpus", gpus, Freshness.Gpus, now),
                HealthOf("containers", workloads, Freshness.Containers, now),
            ],
            Alerts = alerts ?? [],
            Act = act ?? ActState.Nothing,
        };
    }

    /// <summary>A trial of enforcing ends by itself.</summary>
    public static Mode ModeAt(Policy policy, DateTimeOffset wall) =>
        policy.EnforceUntil is { } until && wall >= until ? policy.Mode.AtMost(Mode.Recommend) : policy.Mode;

    /// <summary>What the latency source is to read: running workloads.</summary>
    public static LatencyWatchList WatchList(NodeSnapshot snapshot, Policy policy) => new(
        [
            .. snapshot.Workloads.Where(w => w.Container.State == ContainerState.Running)
                .Select(w => new LatencyTarget(w.Container, w.Policy.Metrics, w.Policy.Ports, w.Policy.Protected)),
        ],
        policy.Presets);

    private static IReadOnlyList<GpuSample> FreshGpus(Latest<GpuSweep> gpus, MonoTime now)
    {
        if (gpus.Sample is not { } sweep)
            return [];
        if (gpus.FreshSample(now, Freshness.Gpus) is not null)
            return sweep.Gpus;
        var why = gpus.Error ?? "the GPU driver has not answered for more than " + Freshness.Gpus.TotalSeconds + " s";
        return [.. sweep.Gpus.Select(g => GpuSample.Dark(g.Identity, GpuHealth.Stale, why, g.At))];
    }

    // While Docker is away its last list still names what /proc shows to be alive: containers with a process on a GPU.
    private static IEnumerable<ContainerSample> FreshContainers(Latest<WorkloadSweep> workloads, HashSet<string> onGpu, MonoTime now)
    {
        if (workloads.FreshSample(now, Freshness.Containers) is { } fresh)
            return fresh.Containers;
        return (workloads.Sample?.Containers ?? []).Where(c => onGpu.Contains(c.Id.InstanceId));
    }

    private List<WorkloadSnapshot> Workloads(
        IEnumerable<ContainerSample> containers, HashSet<string> onGpu, LatencySweep latency, ActivitySweep activity, Dictionary<string, FrameworkMemory> frameworks,
        Policy policy, MonoTime now)
    {
        var classified = new Dictionary<string, Classified>();
        var snapshots = new List<WorkloadSnapshot>();
        var witness = _witness.Round();
        foreach (var container in containers)
        {
            var id = container.Id.InstanceId;
            var entry = _classified.GetValueOrDefault(id) is { } known && ReferenceEquals(known.Container, container) && ReferenceEquals(known.By, policy)
                ? known
                : new Classified(container, policy, Classifier.Classify(container, policy));
            classified[id] = entry;
            if (IsWorkload(container, entry.Policy, onGpu.Contains(id)))
                snapshots.Add(SnapshotOf(container, entry.Policy, latency.ByInstance.GetValueOrDefault(id), activity.ByInstance.GetValueOrDefault(id), witness, now) with { Framework = frameworks.GetValueOrDefault(id) });
        }
        _classified = classified;
        return snapshots;
    }

    private static Dictionary<string, FrameworkMemory> Frameworks(LedgerSweep? sweep) =>
        sweep is null ? [] : sweep.Containers.Where(c => c.Framework is not null).ToDictionary(c => c.InstanceId, c => c.Framework!);

    // Whoever holds GPU memory or asked for a GPU, and whatever the user named; the host's other containers are none of our business.
    private static bool IsWorkload(ContainerSample container, WorkloadPolicy policy, bool onGpu) =>
        onGpu || policy.Managed || policy.Entry is not null || policy.Slos.Count > 0 || (container.Gpus is not null && container.Runs);

    private static WorkloadSnapshot SnapshotOf(ContainerSample container, WorkloadPolicy policy, WorkloadLatency? latency, WorkloadActivity? activity,
        Func<string, WorkloadActivity?, LatencySample?, WorkloadActivity?> witness, MonoTime now)
    {
        var sample = latency?.Latest.FreshSample(now, Freshness.Latency(policy.Protected));
        var (slos, pressure) = SloEvaluator.Evaluate(sample, policy.Slos, now);
        return new WorkloadSnapshot
        {
            Container = container,
            Policy = policy,
            Latency = sample,
            LatencySource = latency?.Detected,
            LatencyProblem = sample is not null || !container.Runs ? null : latency?.Latest.Error ?? "not read yet",
            Slos = slos,
            Pressure = pressure,
            Activity = witness(container.Id.InstanceId, activity is not null && now - activity.At <= Freshness.Activity ? activity : null, sample),
        };
    }

    private static SourceHealth HealthOf<T>(string name, Latest<T> latest, TimeSpan maxAge, MonoTime now) where T : class => new(
        name, latest.FreshSample(now, maxAge) is not null, latest.Attempted, latest.Succeeded, latest.Attempts, latest.Failures, latest.Took, latest.Error);
}
