using Headroom.Decide;
using Headroom.Model;

namespace Headroom.Tests.Support;

/// <summary>A node for the memory rules: what each workload holds of each GPU, and what the rule makes of it, judgement after judgement.</summary>
internal sealed class GpuNode(Policy policy)
{
    public const long MiB = 1L << 20;
    public const long GiB = 1L << 30;
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, WorkloadSnapshot> _workloads = [];
    private readonly SortedDictionary<int, GpuSample> _gpus = [];
    private readonly Dictionary<(string, int), GpuShare> _shares = [];
    private readonly Dictionary<int, long> _strangers = [];
    private IReadOnlyDictionary<string, IReadOnlyList<int>> _last = new Dictionary<string, IReadOnlyList<int>>();
    private long _seq;

    public static Policy PolicyOf(VramStrategy strategy = VramStrategy.Fixed, long? reserve = null) =>
        new() { Hash = "test", Vram = new VramPolicy { Strategy = strategy, ReserveBytes = reserve } };

    public Policy Policy { get; set; } = policy;
    public MonoTime Now { get; private set; } = new(TimeSpan.FromHours(1));
    public DateTimeOffset Wall => Start + Now.SinceOrigin;
    public ActState Act { get; set; } = ActState.Nothing;
    /// <summary>What the preload library in the containers has booked.</summary>
    public IReadOnlyList<MemoryBook> Books { get; set; } = [];
    public PlannerMemory Memory { get; private set; } = PlannerMemory.Empty;

    public GpuNode Gpu(int index, long total, Func<GpuSample, GpuSample>? with = null, bool mig = false)
    {
        var gpu = new GpuSample
        {
            Identity = new GpuIdentity(index, $"GPU-{index}", "test", null, null, null, mig),
            Health = Headroom.Model.GpuHealth.Ok,
            At = Now,
            Memory = Reading.Fresh(new GpuMemory(total, 0, 0, total), Now),
        };
        _gpus[index] = with?.Invoke(gpu) ?? gpu;
        return this;
    }

    public GpuNode Change(int gpu, Func<GpuSample, GpuSample> with)
    {
        _gpus[gpu] = with(_gpus[gpu]);
        return this;
    }

    /// <summary>Managed, started a day ago.</summary>
    public GpuNode Workload(string name, Priority priority = Priority.Standard, long? guarantee = null, long? cap = null,
        Func<WorkloadSnapshot, WorkloadSnapshot>? with = null)
    {
        var workload = new WorkloadSnapshot
        {
            Container = new ContainerSample
            {
                Id = new WorkloadId(name, $"id-{name}", Start - TimeSpan.FromDays(1)), ContainerName = name, Image = "image", State = ContainerState.Running,
            },
            Policy = new WorkloadPolicy { Managed = true, Priority = priority, GuaranteeBytes = guarantee, CapBytes = cap },
        };
        _workloads[name] = with?.Invoke(workload) ?? workload;
        return this;
    }

    public GpuNode Change(string name, Func<WorkloadSnapshot, WorkloadSnapshot> with)
    {
        _workloads[name] = with(_workloads[name]);
        return this;
    }

    public GpuNode Restart(string name) => Change(name, w => w with { Container = w.Container with { Id = w.Container.Id with { StartedAt = Wall } } });

    public GpuNode Holds(string name, long bytes, int gpu = 0, int hidden = 0)
    {
        if (bytes == 0 && hidden == 0)
            _shares.Remove((name, gpu));
        else
            _shares[(name, gpu)] = new GpuShare(name, $"id-{name}", bytes, default, 1 + hidden, hidden);
        return this;
    }

    public long Held(string name, int gpu = 0) => _shares.TryGetValue((name, gpu), out var share) ? share.UsedBytes : 0;

    public static MemoryBook Book(string name, long used, long refusedWhileFree = 0, long overhead = 0, int processes = 1) =>
        new($"id-{name}", 0, used, new MemoryKinds(used, 0, 0, 0, 0, 0, 0), 1, 1, used, null, overhead, 0, refusedWhileFree, refusedWhileFree, 0, processes);

    public GpuNode Strangers(long bytes, int gpu = 0)
    {
        _strangers[gpu] = bytes;
        return this;
    }

    public GpuNode Pass(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return this;
    }

    public RuleInput Input()
    {
        var gpus = new List<GpuSample>();
        var attribution = new List<GpuAttribution>();
        foreach (var (index, gpu) in _gpus)
        {
            if (gpu.Memory.Known() is not { } memory)
            {
                gpus.Add(gpu);
                continue;
            }
            var shares = _shares.Where(s => s.Key.Item2 == index).Select(s => s.Value).OrderBy(s => s.Workload, StringComparer.Ordinal).ToList();
            var strangers = _strangers.GetValueOrDefault(index);
            var used = shares.Sum(s => s.UsedBytes) + strangers;
            gpus.Add(gpu with { Memory = gpu.Memory with { Value = memory with { UsedBytes = used, FreeBytes = memory.TotalBytes - memory.ReservedBytes - used } } });
            attribution.Add(new GpuAttribution(index, used, shares, strangers, false, []));
        }
        var snapshot = new NodeSnapshot
        {
            Seq = ++_seq, WallAt = Wall, Mono = Now, Node = "node", Gpus = gpus, Attribution = attribution, Act = Act, Books = Books,
            Workloads = [.. _workloads.Values.OrderBy(w => w.Name, StringComparer.Ordinal)],
        };
        var near = new Neighbourhood(snapshot, _last);
        _last = near.GpusByWorkload;
        return new RuleInput(snapshot, Policy, near);
    }

    public RuleOutput Judge(IRule rule)
    {
        var output = rule.Judge(Input(), Memory);
        Memory = output.Memory;
        return output;
    }

    /// <summary>Judges again and again; the last answer.</summary>
    public RuleOutput Judge(IRule rule, int times, double everySeconds)
    {
        var output = Judge(rule);
        for (var i = 1; i < times; i++)
            output = Pass(everySeconds).Judge(rule);
        return output;
    }
}
