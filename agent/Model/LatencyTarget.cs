namespace Headroom.Model;

/// <summary>A workload whose latency is to be watched.</summary>
/// <param name="Container">Addresses, image, command: what detection works on.</param>
/// <param name="Metrics">What the policy or labels say of where to read; null: detect.</param>
/// <param name="Ports">Ports where its requests arrive, as the policy or labels say; may be empty.</param>
/// <param name="Protected">It has an SLO or is critical: read each second instead of each ten.</param>
internal sealed record LatencyTarget(ContainerSample Container, MetricsSource? Metrics, IReadOnlyList<int> Ports, bool Protected);

/// <summary>What to watch from now on, whole; and the presets to read it by.</summary>
internal sealed record LatencyWatchList(IReadOnlyList<LatencyTarget> Targets, IReadOnlyList<Preset> Presets)
{
    public static readonly LatencyWatchList Empty = new([], []);
}

/// <summary>One workload's latency, with the health of its own source.</summary>
/// <param name="InstanceId">The container that was read.</param>
/// <param name="Detected">Preset in use; null while nothing was detected.</param>
internal sealed record WorkloadLatency(string InstanceId, string? Detected, Latest<LatencySample> Latest);

/// <summary>All watched workloads, by container id.</summary>
internal sealed record LatencySweep(IReadOnlyDictionary<string, WorkloadLatency> ByInstance);
