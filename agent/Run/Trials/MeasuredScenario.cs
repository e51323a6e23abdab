using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Run.Trials;

/// <summary>The server of <see cref="MeasuredTable"/>: one GPU, a model whose every request takes 200 ms of it at half of its capacity, and a batch neighbour that is
/// always hungry and doubles the model's service time while both run.</summary>
internal static class MeasuredScenario
{
    public const string Critical = "critical";
    public const string Batch = "batch";
    public const double ServiceSeconds = 0.2;
    public const double Load = 0.5;

    private const long GiB = 1L << 30;

    /// <param name="gapCv">Of the time between requests; 1: Poisson.</param>
    public static Scenario Create(double gapCv, TimeSpan drain, bool withBatch = true) => new()
    {
        // Cool, and switching costs nothing: what is lost is lost to sharing.
        Gpus =
        [
            new GpuSpec
            {
                Name = "measured", Architecture = "Ampere", ComputeCapability = "8.0", PciBusId = "00000000:01:00.0", TotalBytes = 40 * GiB, DegreesPerWatt = 0.1,
            },
        ],
        Workloads = withBatch ? [Model(gapCv), Neighbour(drain)] : [Model(gapCv)],
    };

    /// <param name="target">Of the model's p95; null: no SLO.</param>
    public static Policy Policy(TimeSpan? target, Yields yields, double floor = WorkloadPolicy.DefaultFloor) => new()
    {
        Hash = "measured",
        Mode = Mode.Enforce,
        Workloads =
        [
            new WorkloadEntry
            {
                Name = Critical,
                Match = new WorkloadMatch(Container: Critical),
                Priority = Priority.Critical,
                Slos = target is { } time ? [Slo(time)] : [],
                Source = "trial",
            },
            new WorkloadEntry
            {
                Name = Batch, Match = new WorkloadMatch(Container: Batch), Priority = Priority.Batch, Yields = yields, Floor = floor, Source = "trial",
            },
        ],
    };

    public static Slo Slo(TimeSpan target) => new(LatencySignal.EndToEnd, 0.95, target);

    private static WorkloadSpec Model(double gapCv) => new()
    {
        Name = Critical,
        Gpu = 0,
        Container = new ContainerSpec { Image = "model" },
        Memory = new MemorySpec { WeightsBytes = 4 * GiB },
        Serving = new ServingSpec
        {
            Arrivals = DayCurve.Flat(Load / ServiceSeconds),
            GapCv = gapCv,
            WorkSeconds = ServiceSeconds,
            QueueLimit = int.MaxValue,
            Metrics = new MetricsSpec
            {
                Preset = "vllm",
                Port = 8000,
                Signals = new Dictionary<LatencySignal, IReadOnlyList<double>> { [LatencySignal.EndToEnd] = ServerBounds.Fine },
                Tells = Tells.Requests | Tells.Running | Tells.Waiting,
            },
        },
    };

    private static WorkloadSpec Neighbour(TimeSpan drain) => new()
    {
        Name = Batch,
        Gpu = 0,
        Container = new ContainerSpec { Image = "batch" },
        Memory = new MemorySpec { WeightsBytes = 4 * GiB },
        Bursts = new BurstSpec(TimeSpan.FromMinutes(1), DayCurve.Flat(1)),
        DrainTime = drain,
    };
}
