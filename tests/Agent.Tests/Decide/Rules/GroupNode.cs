using Headroom.Decide;
using Headroom.Model;

namespace Headroom.Tests.Decide.Rules;

/// <summary>A node by hand for the rules of groups: containers on GPUs, a clock that the test moves, and the rule's memory from tick to tick.</summary>
internal sealed class GroupNode(IRule rule, Policy? policy = null)
{
    public const long GiB = 1L << 30;
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);

    private const int Cards = 2;

    private readonly SortedDictionary<string, Member> _members = [];
    private long _seq;

    public Policy Policy { get; set; } = policy ?? new Policy { Hash = "test" };
    public MonoTime Now { get; private set; } = new(TimeSpan.FromSeconds(1000));
    public PlannerMemory Memory { get; set; } = PlannerMemory.Empty;
    public ActState Act { get; set; } = ActState.Nothing;
    public IReadOnlyList<AlertSignal> Alerts { get; set; } = [];
    public GpuHealth Health { get; set; } = GpuHealth.Ok;
    public bool DockerUp { get; set; } = true;
    public long TotalBytes { get; set; } = 80 * GiB;

    public sealed class Member
    {
        public required string Name { get; init; }
        public WorkloadPolicy Policy { get; set; } = new() { Managed = true, Priority = Priority.Batch };
        public ContainerState State { get; set; } = ContainerState.Running;
        public int[] Gpus { get; set; } = [0];
        public long Bytes { get; set; } = 4 * GiB;
        public Reading<double> Sm { get; set; }
        public Reading<double> Pressure { get; set; }
        public double? Running { get; set; }
        public double? Waiting { get; set; }
        public WorkloadId Id => new(Name, $"id-{Name}", Start);
    }

    public Member this[string name] => _members[name];
    public IReadOnlyCollection<Member> Members => _members.Values;

    public Member Add(string name, Func<WorkloadPolicy, WorkloadPolicy>? policy = null)
    {
        var member = new Member { Name = name };
        member.Policy = policy?.Invoke(member.Policy) ?? member.Policy;
        member.Sm = Reading.Fresh(0.9, Now);
        return _members[name] = member;
    }

    public void Remove(string name) => _members.Remove(name);

    public void Hold(string name, RuleName by, Lever lever) =>
        Act = Act with { Holds = [.. Act.Holds, new Hold(this[name].Id, lever, by, 0, null, null, Start)] };

    public NodeSnapshot Snapshot() => new()
    {
        Seq = ++_seq, WallAt = Start + (Now - new MonoTime(TimeSpan.FromSeconds(1000))), Mono = Now, Node = "node", Act = Act, Alerts = Alerts,
        Gpus = [.. Enumerable.Range(0, Cards).Select(Gpu)],
        Attribution = Health == GpuHealth.Ok ? [.. Enumerable.Range(0, Cards).Select(Attribution)] : [],
        Health = [new SourceHealth("containers", DockerUp, Now, Now, 1, 0, TimeSpan.Zero, null)],
        Workloads = [.. _members.Values.Select(Workload)],
    };

    /// <summary>Judges once, then the clock moves on.</summary>
    public RuleOutput Tick(double seconds = 1)
    {
        var snapshot = Snapshot();
        var near = new Neighbourhood(snapshot, Memory.Gpus);
        var output = rule.Judge(new RuleInput(snapshot, Policy, near), Memory);
        Memory = output.Memory with { Gpus = near.GpusByWorkload };
        Now += TimeSpan.FromSeconds(seconds);
        return output;
    }

    public RuleOutput TickFor(double seconds, double step = 1)
    {
        var output = Tick(step);
        for (var at = step; at < seconds; at += step)
            output = Tick(step);
        return output;
    }

    private static bool Holds(Member member, int gpu) =>
        member.Bytes > 0 && member.Gpus.Contains(gpu) && member.State is (ContainerState.Running or ContainerState.Paused);

    private long Used(int gpu) => _members.Values.Where(m => Holds(m, gpu)).Sum(m => m.Bytes);

    private GpuSample Gpu(int index)
    {
        var identity = new GpuIdentity(index, $"GPU-{index}", "Card", null, null, null, false);
        return Health != GpuHealth.Ok ? GpuSample.Dark(identity, Health, "planted", Now) : new GpuSample
        {
            Identity = identity, Health = Health, At = Now,
            Memory = Reading.Fresh(new GpuMemory(TotalBytes, 0, Used(index), TotalBytes - Used(index)), Now),
        };
    }

    private GpuAttribution Attribution(int gpu) => new(
        gpu, Used(gpu),
        [.. _members.Values.Where(m => Holds(m, gpu)).Select(m => new GpuShare(m.Name, m.Id.InstanceId, m.Bytes, m.Sm, 1, 0))], 0, false, []);

    private WorkloadSnapshot Workload(Member member) => new()
    {
        Container = new ContainerSample { Id = member.Id, ContainerName = member.Name, Image = "image", State = member.State },
        Policy = member.Policy, Pressure = member.Pressure,
        Latency = member.Running is null && member.Waiting is null ? null
            : new LatencySample { At = Now, Source = "vllm", Endpoint = "x", Running = member.Running, Waiting = member.Waiting },
    };
}
