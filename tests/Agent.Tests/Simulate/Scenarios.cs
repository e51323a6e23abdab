using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Tests.Simulate;

/// <summary>Small servers for tests: one cool GPU, no losses, so that theory holds exactly.</summary>
internal static class Scenarios
{
    public static readonly DateTimeOffset Nine = new(2026, 3, 2, 9, 0, 0, TimeSpan.FromHours(8));

    private const long GiB = 1L << 30;

    public static Scenario OneGpu(params WorkloadSpec[] workloads) => new()
    {
        Gpus =
        [
            new GpuSpec
            {
                Name = "test", Architecture = "Ampere", ComputeCapability = "8.0", PciBusId = "00000000:01:00.0", TotalBytes = 40 * GiB,
                DegreesPerWatt = 0.1,
            },
        ],
        Workloads = workloads,
    };

    /// <summary>Answers requests that need <paramref name="workSeconds"/> of the GPU, at this load of it.</summary>
    public static WorkloadSpec Server(
        double workSeconds, double load, double workCv = 0, double gapCv = 1, int concurrency = 1, string name = "server") => new()
        {
            Name = name,
            Gpu = 0,
            Container = new ContainerSpec { Image = "test" },
            Memory = new MemorySpec { WeightsBytes = 4 * GiB },
            Serving = new ServingSpec
            {
                Arrivals = DayCurve.Flat(load / workSeconds),
                GapCv = gapCv,
                WorkSeconds = workSeconds,
                WorkCv = workCv,
                Concurrency = concurrency,
                QueueLimit = int.MaxValue,
                Metrics = new MetricsSpec
                {
                    Preset = "vllm",
                    Port = 8000,
                    Signals = new Dictionary<LatencySignal, IReadOnlyList<double>> { [LatencySignal.EndToEnd] = ServerBounds.VllmFirstToken },
                    Tells = Tells.Requests | Tells.Running | Tells.Waiting,
                },
            },
        };

    /// <summary>Always wants the whole GPU.</summary>
    public static WorkloadSpec HungryBatch(string name = "batch") => new()
    {
        Name = name,
        Gpu = 0,
        Container = new ContainerSpec { Image = "test" },
        Memory = new MemorySpec { WeightsBytes = 4 * GiB },
        Bursts = new BurstSpec(TimeSpan.FromMinutes(1), DayCurve.Flat(1)),
    };

    /// <summary>Sojourn times in seconds, sorted, of the requests that <paramref name="workload"/> answered.</summary>
    public static List<double> Sojourns(World world, string workload, TimeSpan span)
    {
        var seconds = new List<double>();
        world.Completed = request =>
        {
            if (request.Workload == workload)
                seconds.Add(request.Sojourn.TotalSeconds);
        };
        world.Advance(span);
        world.Completed = null;
        seconds.Sort();
        return seconds;
    }

    public static double Quantile(List<double> sorted, double rank) => sorted[(int)(rank * (sorted.Count - 1))];
}
