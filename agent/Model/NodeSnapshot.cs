namespace Headroom.Model;

/// <summary>All that is known of the node at one tick: what decisions are made from, recorded and replayed.</summary>
internal sealed record NodeSnapshot
{
    /// <summary>Of this record's JSON. Fields may be added under the same version; a changed meaning gets a new one.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;
    /// <summary>Ticks since the agent started, from 1.</summary>
    public required long Seq { get; init; }
    public required DateTimeOffset WallAt { get; init; }
    public required MonoTime Mono { get; init; }
    public required string Node { get; init; }
    /// <summary>How far the agent may go now: the least of its flag, the policy and its term.</summary>
    public Mode Mode { get; init; } = Mode.Observe;
    public DriverInfo? Driver { get; init; }
    public DockerInfo? Docker { get; init; }
    public IReadOnlyList<GpuSample> Gpus { get; init; } = [];
    public IReadOnlyList<WorkloadSnapshot> Workloads { get; init; } = [];
    /// <summary>Who holds each GPU's memory, one entry a GPU whose memory is known.</summary>
    public IReadOnlyList<GpuAttribution> Attribution { get; init; } = [];
    public IReadOnlyList<SourceHealth> Health { get; init; } = [];
    /// <summary>What the preload library has booked, one entry a container and GPU where it is there.</summary>
    public IReadOnlyList<MemoryBook> Books { get; init; } = [];
    /// <summary>Alerts received that the policy names.</summary>
    public IReadOnlyList<AlertSignal> Alerts { get; init; } = [];
    /// <summary>What Headroom holds and has done.</summary>
    public ActState Act { get; init; } = ActState.Nothing;

    /// <summary>What one container holds, one entry a GPU; empty too where no GPU answers.</summary>
    public IEnumerable<(int Gpu, GpuShare Share)> SharesOf(string instanceId)
    {
        foreach (var gpu in Attribution)
            foreach (var share in gpu.Shares)
                if (share.InstanceId == instanceId)
                    yield return (gpu.Gpu, share);
    }
}

/// <summary>One workload at one tick.</summary>
internal sealed record WorkloadSnapshot
{
    public required ContainerSample Container { get; init; }
    public required WorkloadPolicy Policy { get; init; }
    /// <summary>Null when nothing reads its latency, or the last reading is too old.</summary>
    public LatencySample? Latency { get; init; }
    /// <summary>Preset or source in use; null when none was detected.</summary>
    public string? LatencySource { get; init; }
    /// <summary>Why there is no latency, in words; null when there is.</summary>
    public string? LatencyProblem { get; init; }
    /// <summary>One entry an SLO.</summary>
    public IReadOnlyList<SloReading> Slos { get; init; } = [];
    /// <summary>The worst of <see cref="Slos"/>: observed / SLO.</summary>
    public Reading<double> Pressure { get; init; }
    /// <summary>What its framework tells of its own allocator; null when it does not.</summary>
    public FrameworkMemory? Framework { get; init; }
    /// <summary>Requests in flight, seen from outside; null when nobody looks.</summary>
    public WorkloadActivity? Activity { get; init; }

    public string Name => Container.Id.Name;
}

/// <summary>One SLO against what was seen.</summary>
/// <param name="Observed">Seconds at the SLO's quantile over the last requests; null when unknown.</param>
/// <param name="Pressure">Observed / target; above 1 the SLO is broken.</param>
/// <param name="Note">Why it is unknown or what it stands on, in words; null when there is nothing to say.</param>
internal sealed record SloReading(Slo Slo, double? Observed, Reading<double> Pressure, string? Note);

/// <summary>Who holds the memory of one GPU. Used = sum of <see cref="Shares"/> + unattributed, always.</summary>
/// <param name="UsedBytes">What the card says.</param>
/// <param name="UnattributedBytes">What no container explains: processes of the host, the driver, what a process hides.</param>
/// <param name="Scaled">The processes claimed more than the card says (read a moment apart): their claims were scaled down to fit.</param>
/// <param name="Strangers">Processes of no container.</param>
internal sealed record GpuAttribution(
    int Gpu, long UsedBytes, IReadOnlyList<GpuShare> Shares, long UnattributedBytes, bool Scaled, IReadOnlyList<GpuProcess> Strangers);

/// <summary>One workload on one GPU.</summary>
/// <param name="UsedBytes">Memory of its processes; those whose memory the driver hides are left out and counted in <paramref name="HiddenProcesses"/>.</param>
/// <param name="SmUse">Sum over its processes, 0..1 each.</param>
internal sealed record GpuShare(string Workload, string InstanceId, long UsedBytes, Reading<double> SmUse, int Processes, int HiddenProcesses);

/// <summary>How one source is doing.</summary>
/// <param name="Up">Its last good answer is young enough to be used.</param>
internal sealed record SourceHealth(
    string Source, bool Up, MonoTime? Attempted, MonoTime? Succeeded, long Attempts, long Failures, TimeSpan Took, string? Error);
