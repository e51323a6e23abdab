using Headroom.Decide;
using Headroom.Model;

namespace Headroom.Tests.Support;

/// <summary>A node by hand, for rules: GPUs, workloads on them, what is known of each.</summary>
internal sealed class NodeBuilder
{
    private readonly List<GpuSample> _gpus = [];
    private readonly List<WorkloadSnapshot> _workloads = [];
    private readonly Dictionary<int, List<GpuShare>> _shares = [];

    public DateTimeOffset Wall { get; set; } = new(2027, 1, 5, 12, 0, 0, TimeSpan.Zero);
    public MonoTime Mono { get; set; } = new(TimeSpan.FromHours(1));
    public ActState Act { get; set; } = ActState.Nothing;
    public Policy Policy { get; set; } = new() { Hash = "test" };

    /// <summary>The next GPU, from 0.</summary>
    public NodeBuilder Gpu(long total = 40L << 30)
    {
        var index = _gpus.Count;
        _gpus.Add(new GpuSample
        {
            Identity = new GpuIdentity(index, $"GPU-{index}", "Test", null, null, null, false),
            Health = GpuHealth.Ok,
            At = Mono,
            Memory = Reading.Fresh(new GpuMemory(total, 0, 0, total), Mono),
        });
        _shares[index] = [];
        return this;
    }

    /// <param name="gpu">Null: holds no memory of any.</param>
    /// <param name="pressure">Null: its latency is not known.</param>
    /// <param name="with">Changes the rest.</param>
    public NodeBuilder Workload(
        string name, int? gpu = 0, Priority priority = Priority.Standard, long bytes = 1L << 30, double? sm = null, double? pressure = null,
        ContainerState state = ContainerState.Running, Func<WorkloadSnapshot, WorkloadSnapshot>? with = null)
    {
        var id = new WorkloadId(name, $"{name}-1", DateTimeOffset.UnixEpoch);
        var workload = new WorkloadSnapshot
        {
            Container = new ContainerSample { Id = id, ContainerName = name, Image = name, State = state },
            Policy = new WorkloadPolicy { Managed = true, Mode = Mode.Enforce, Priority = priority },
            Pressure = pressure is { } known ? Reading.Fresh(known, Mono) : Reading.Failed<double>(Mono),
        };
        workload = with?.Invoke(workload) ?? workload;
        _workloads.Add(workload);
        if (gpu is { } index && workload.Container.Runs)
            _shares[index].Add(new GpuShare(name, workload.Container.Id.InstanceId, bytes, sm is { } use ? Reading.Fresh(use, Mono) : Reading.Failed<double>(Mono), 1, 0));
        return this;
    }

    public NodeSnapshot Build() => new()
    {
        Seq = 1,
        WallAt = Wall,
        Mono = Mono,
        Node = "node",
        Gpus = [.. _gpus.Select(gpu => gpu with { Memory = Reading.Fresh(Memory(gpu), Mono) })],
        Workloads = _workloads,
        Attribution = [.. _gpus.Select(gpu => new GpuAttribution(gpu.Index, Used(gpu), _shares[gpu.Index], 0, false, []))],
        Act = Act,
    };

    public RuleInput Input(PlannerMemory memory)
    {
        var snapshot = Build();
        return new RuleInput(snapshot, Policy, new Neighbourhood(snapshot, memory.Gpus));
    }

    private long Used(GpuSample gpu) => _shares[gpu.Index].Sum(share => share.UsedBytes);

    private GpuMemory Memory(GpuSample gpu) => gpu.Memory.Value!.Value with { UsedBytes = Used(gpu), FreeBytes = gpu.Memory.Value.Value.TotalBytes - Used(gpu) };
}
