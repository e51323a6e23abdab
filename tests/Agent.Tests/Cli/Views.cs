using Headroom.Cli;
using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Simulate;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Cli;

/// <summary>Views of nodes, and how they look.</summary>
internal static class Views
{
    public static readonly DateTimeOffset Nine = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    public const long GiB = 1L << 30;

    /// <summary>The simulated server of seed 1 as the real loop sees it after half a minute.</summary>
    public static NodeView Simulated()
    {
        var time = new FakeTimeProvider(Nine);
        var node = new SimulatedNode(new SimulationOptions { Seed = 1 }, time);
        var policy = new PolicyInForce(PolicyLoader.None, new PolicyStatus("none", [], Mode.Observe, Nine));
        var loop = new NodeLoop(
            new NodeSources(node.Gpus, node.Workloads, node.Latency), new SnapshotAssembly("gpu-01"), () => policy,
            new SelfStatus("0.1.0", "abc", Nine, Mode.Observe, Simulated: true),
            TimeSpan.FromSeconds(1), () => Headroom.Decide.Planner.AllRules, () => [], null, null, time, NullLogger<NodeLoop>.Instance);
        for (var second = 0; second < 30; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            node.Gpus.Sweep();
            node.Workloads.Sweep();
            node.Latency.Sweep();
            loop.Tick();
        }
        return loop.View!;
    }

    public static NodeView Of(NodeSnapshot snapshot) => new(
        snapshot, new PolicyStatus("none", [], Mode.Observe, Nine), new SelfStatus("0.1.0", "abc", Nine, Mode.Observe, Simulated: false));

    /// <summary>A node at its tenth tick, ten seconds after its start.</summary>
    public static NodeSnapshot Node() => new()
    {
        Seq = 10, WallAt = Nine.AddSeconds(10), Mono = At(10), Node = "gpu-01",
        Driver = new DriverInfo("nvml", "580.95.05", "13.580.95.05", "13.0"),
        Docker = new DockerInfo("28.2.2", "1.51", "systemd", "2"),
    };

    public static MonoTime At(double seconds) => new(TimeSpan.FromSeconds(1000 + seconds));

    public static SourceHealth Up(string source) => new(source, true, At(9.5), At(9.8), 10, 0, TimeSpan.FromMilliseconds(20), null);

    public static GpuSample Gpu(int index, long usedBytes = 10 * GiB) => new()
    {
        Identity = new GpuIdentity(index, $"GPU-{index}", "NVIDIA H100 80GB HBM3", null, "Hopper", "9.0", false),
        Health = GpuHealth.Ok,
        At = At(9.8),
        Memory = Reading.Fresh(new GpuMemory(80 * GiB, 0, usedBytes, 80 * GiB - usedBytes), At(9.8)),
        Activity = new GpuActivity { Utilization = Reading.Fresh(0.5, At(9.8)) },
        Power = new GpuPower { Watts = Reading.Fresh(300.0, At(9.8)), LimitWatts = Reading.Fresh(700.0, At(9.8)) },
        Thermal = new GpuThermal { Celsius = Reading.Fresh(55.0, At(9.8)) },
        Processes = [],
    };

    public static ContainerSample Container(string name, char id) => new()
    {
        Id = new WorkloadId(name, new string(id, 64), Nine), ContainerName = name, Image = "vllm/vllm-openai:v0.11.0", State = ContainerState.Running,
    };

    /// <summary>Plain, as it goes into a pipe.</summary>
    public static string Text(NodeView view, int width = 120, double ageSeconds = 0.4)
    {
        var text = new StringWriter();
        StatusPage.Write(Terminal.Create(text, width, colours: false), view, view.Snapshot.Mono + TimeSpan.FromSeconds(ageSeconds));
        return text.ToString();
    }
}
