using Headroom.Decide;
using Headroom.Model;
using Headroom.Observe.Latency;

namespace Headroom.Tests.Support;

/// <summary>A node that a test describes and lets live on: its snapshots are made as the agent makes them, from counters that only grow.</summary>
internal sealed class TestNode
{
    public static readonly DateTimeOffset Start = new(2027, 1, 4, 9, 0, 0, TimeSpan.Zero);

    private long _seq;
    private PlannerMemory _memory = PlannerMemory.Empty;

    public TimeSpan Elapsed { get; private set; } = TimeSpan.FromHours(1);
    public Mode Mode { get; set; } = Mode.Enforce;
    public Policy Policy { get; set; } = new() { Hash = "test", Mode = Mode.Enforce };
    public Dictionary<int, long> Cards { get; } = new() { [0] = 80L << 30 };
    public List<TestWorkload> Workloads { get; } = [];
    public ActState Act { get; set; } = ActState.Nothing;
    public IReadOnlyList<AlertSignal> Alerts { get; set; } = [];
    public PlannerMemory Memory => _memory;
    /// <summary>What the last tick saw.</summary>
    public NodeSnapshot? Seen { get; private set; }
    public MonoTime Now => new(Elapsed);

    public TestWorkload Add(string name, Priority priority, params int[] gpus)
    {
        var workload = new TestWorkload(name) { Priority = priority, Gpus = gpus.Length == 0 ? [0] : gpus };
        Workloads.Add(workload);
        return workload;
    }

    public NodeSnapshot Snapshot() => new()
    {
        Seq = ++_seq,
        WallAt = Start + Elapsed,
        Mono = Now,
        Node = "test",
        Mode = Mode,
        Gpus =
        [
            .. Cards.Select(card => new GpuSample
            {
                Identity = new GpuIdentity(card.Key, $"GPU-{card.Key}", "test", null, null, null, false),
                Health = GpuHealth.Ok,
                At = Now,
                Memory = Reading.Fresh(new GpuMemory(card.Value, 0, Used(card.Key), card.Value - Used(card.Key)), Now),
            }),
        ],
        Workloads = [.. Workloads.Select(w => w.Snapshot(Now))],
        Attribution =
        [
            .. Cards.Keys.Select(gpu => new GpuAttribution(
                gpu, Used(gpu), [.. Workloads.Where(w => w.Holds(gpu)).Select(w => w.Share(Now))], 0, false, [])),
        ],
        Act = Act,
        Alerts = Alerts,
    };

    public void Pass(double seconds) => Elapsed += TimeSpan.FromSeconds(seconds);

    /// <summary>Passes a second, looks, decides.</summary>
    public Plan Tick(params RuleName[] due)
    {
        Pass(1);
        Seen = Snapshot();
        var (plan, memory) = Planner.Decide(Seen, Policy, _memory, due.Length == 0 ? Planner.AllRules : due);
        _memory = memory;
        return plan;
    }

    /// <summary>Act does at once what the plan wants.</summary>
    public void Obey(Plan plan) => Act = Act with
    {
        Holds =
        [
            .. plan.Wanted.Where(w => w.Run is not null && w.Mode == Mode.Enforce).Select(w => new Hold(
                w.Workload, w.Run!.Limit.Lever,
                w.Run.Rule, w.Run.Limit.Share, null, null, Start + Elapsed)),
        ],
    };

    private long Used(int gpu) => Workloads.Where(w => w.Holds(gpu)).Sum(w => w.Bytes);
}

/// <summary>One container of a <see cref="TestNode"/>.</summary>
internal sealed class TestWorkload(string name)
{
    private static readonly double[] Bounds = [.. Enumerable.Range(1, 400).Select(i => i * 0.01)];

    private readonly double[] _answered = new double[Bounds.Length + 1];
    private readonly LatencyTracker _tracker = new("test", "test", countsCompletions: true);

    public string Name => name;
    public Priority Priority { get; set; }
    public int[] Gpus { get; set; } = [0];
    public bool Managed { get; set; } = true;
    public bool Exempt { get; set; }
    public Yields Yields { get; set; } = Yields.Share;
    public double Floor { get; set; } = 0.1;
    public IReadOnlyList<Slo> Slos { get; set; } = [];
    public RestartPolicy Restart { get; set; } = new();
    public Mode Mode { get; set; } = Mode.Enforce;
    public ContainerState State { get; set; } = ContainerState.Running;
    public long Bytes { get; set; } = 4L << 30;
    public double? Sm { get; set; } = 0.1;
    public double Running { get; set; }
    public double? Waiting { get; set; }
    public WorkloadActivity? Activity { get; set; }
    /// <summary>Nobody can read its latency.</summary>
    public bool Unreadable { get; set; }
    public WorkloadId Id => new(name, $"{name,64}".Replace(' ', '0'), TestNode.Start);

    public TestWorkload P95(double seconds)
    {
        Slos = [new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromSeconds(seconds))];
        return this;
    }

    /// <summary>So many requests were answered in that time each.</summary>
    public void Answers(int requests, double seconds)
    {
        for (var i = 0; i < Bounds.Length; i++)
            if (seconds <= Bounds[i])
                _answered[i] += requests;
        _answered[^1] += requests;
    }

    public bool Holds(int gpu) => State is ContainerState.Running or ContainerState.Paused && Gpus.Contains(gpu);

    public GpuShare Share(MonoTime now) => new(name, Id.InstanceId, Bytes, Sm is { } sm ? Reading.Fresh(sm, now) : Reading.Unsupported<double>(now), 1, 0);

    public WorkloadSnapshot Snapshot(MonoTime now)
    {
        var sample = Slos.Count == 0 || Unreadable || State != ContainerState.Running ? null : _tracker.Add(new LatencyScrape
        {
            At = now,
            Histograms = new Dictionary<LatencySignal, LatencyHistogram> { [LatencySignal.EndToEnd] = new(Bounds, [.. _answered], null) },
            Running = Running,
            Waiting = Waiting,
        });
        var (slos, pressure) = SloEvaluator.Evaluate(sample, Slos, now);
        return new WorkloadSnapshot
        {
            Container = new ContainerSample { Id = Id, ContainerName = name, Image = "test", State = State },
            Policy = new WorkloadPolicy
            {
                Managed = Managed, Exempt = Exempt, Mode = Mode, Priority = Priority, Yields = Yields, Floor = Floor, Slos = Slos, Restart = Restart,
            },
            Latency = sample,
            Slos = slos,
            Pressure = pressure,
            Activity = Activity,
        };
    }
}
