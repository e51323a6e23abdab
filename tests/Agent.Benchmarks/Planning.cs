using BenchmarkDotNet.Attributes;
using Headroom.Decide;
using Headroom.Model;
using Headroom.Run.Trials;

namespace Headroom.Benchmarks;

/// <summary>One plan for 8 GPUs with 8 workloads each. Budget: 200 µs.</summary>
[MemoryDiagnoser]
public class Planning
{
    private const long GiB = 1L << 30;

    private Policy _policy = null!;
    private NodeSnapshot[] _ticks = null!;
    private PlannerMemory _memory = null!;
    private readonly RulePace _pace = new();
    private int _next;

    /// <summary>Calm: nothing to decide. Breach: one protected workload of each GPU is too slow, its neighbours are being throttled.</summary>
    [Params(false, true)]
    public bool Breach { get; set; }

    /// <summary>Pressure this long at the floor suspends; longer than the run, and shares at the floor stay in force.</summary>
    internal TimeSpan SuspendAfter { get; init; } = new LatencyGuardSettings().For;
    /// <summary>Whether the cards tell how busy each process keeps them.</summary>
    internal bool TellsUse { get; init; } = true;
    internal DateTimeOffset Started { get; init; } = DateTimeOffset.UnixEpoch;

    [GlobalSetup]
    public void Setup()
    {
        _policy = new Policy
        {
            Hash = "bench", Mode = Mode.Enforce, Vram = new VramPolicy { Strategy = VramStrategy.Priority },
            Windows = [new Window { Name = "night", Daily = new DailySpan(new HashSet<DayOfWeek>(Enum.GetValues<DayOfWeek>()), new TimeOnly(8, 0), new TimeOnly(20, 0)) }],
            Rules = new RulesPolicy { LatencyGuard = new LatencyGuardSettings { For = SuspendAfter } },
        };
        _ticks = [.. Enumerable.Range(0, 64).Select(Tick)];
        _memory = PlannerMemory.Empty;
        for (var i = 0; i < 256; i++)
            AllRulesDue();
    }

    /// <summary>As at the first tick and at a new policy.</summary>
    [Benchmark]
    public object AllRulesDue() => Plan(_ => Planner.AllRules);

    /// <summary>Each rule as often as its <c>every:</c> says: the mean over many ticks.</summary>
    [Benchmark]
    public object TypicalTick() => Plan(now => _pace.Due(_policy.Rules, now));

    /// <summary>What the next tick sees; a second after the one before.</summary>
    internal NodeSnapshot NextSnapshot()
    {
        var tick = _ticks[_next % _ticks.Length] with { Mono = new MonoTime(TimeSpan.FromSeconds(3600 + _next)), Seq = _next };
        _next++;
        return tick;
    }

    internal Policy Policy => _policy;

    /// <summary>As at a typical tick.</summary>
    internal Plan PlanOf(NodeSnapshot tick) => Plan(tick, _pace.Due(_policy.Rules, tick.Mono));

    private Plan Plan(Func<MonoTime, IReadOnlyCollection<RuleName>> due)
    {
        var tick = NextSnapshot();
        return Plan(tick, due(tick.Mono));
    }

    private Plan Plan(NodeSnapshot tick, IReadOnlyCollection<RuleName> due)
    {
        var (plan, memory) = Planner.Decide(tick, _policy, _memory, due);
        _memory = memory;
        return plan;
    }

    private NodeSnapshot Tick(int tick)
    {
        var at = new MonoTime(TimeSpan.FromSeconds(3600));
        var workloads = new List<WorkloadSnapshot>();
        var shares = Enumerable.Range(0, 8).Select(_ => new List<GpuShare>()).ToArray();
        for (var i = 0; i < 64; i++)
        {
            var (gpu, place) = (i / 8, i % 8);
            var workload = Workload(i, place, tick, at);
            workloads.Add(workload);
            shares[gpu].Add(new GpuShare(workload.Name, workload.Container.Id.InstanceId, 6 * GiB + tick * 1024,
                TellsUse ? Reading.Fresh(0.1 + place * 0.01, at) : Reading.Unsupported<double>(at), 1, 0));
        }
        return new NodeSnapshot
        {
            Seq = tick, WallAt = new DateTimeOffset(2027, 1, 5, 9, 0, tick % 60, TimeSpan.Zero), Mono = at, Node = "bench", Mode = Mode.Enforce,
            Gpus = [.. Enumerable.Range(0, 8).Select(gpu => new GpuSample
            {
                Identity = new GpuIdentity(gpu, $"GPU-{gpu}", "bench", null, null, null, false), Health = GpuHealth.Ok, At = at,
                Memory = Reading.Fresh(new GpuMemory(80 * GiB, GiB / 2, 48 * GiB, 31 * GiB), at),
            })],
            Workloads = workloads,
            Attribution = [.. shares.Select((own, gpu) => new GpuAttribution(gpu, 48 * GiB, own, 0, false, []))],
        };
    }

    private WorkloadSnapshot Workload(int i, int place, int tick, MonoTime at)
    {
        var isProtected = place < 3;
        var slo = new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(100));
        var seconds = Breach && place == 0 ? 0.15 : 0.05;
        double[] bounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5];
        var histogram = new LatencyHistogram(bounds, [.. bounds.Select(b => b >= seconds ? 1000.0 + tick * 20 : 0), 1000.0 + tick * 20], null);
        return new WorkloadSnapshot
        {
            Container = new ContainerSample
            {
                Id = new WorkloadId($"w{i}", $"{i:x64}", Started), ContainerName = $"w{i}", Image = "bench", State = ContainerState.Running,
            },
            Policy = new WorkloadPolicy
            {
                Managed = true, Mode = Mode.Enforce, Priority = place switch { 0 => Priority.Critical, < 4 => Priority.Standard, _ => Priority.Batch },
                Yields = place switch { 0 => Yields.Never, 7 => Yields.Gate, _ => Yields.Share }, Slos = isProtected ? [slo] : [],
                GuaranteeBytes = place < 4 ? 4 * GiB : null, CapBytes = 16 * GiB, Window = place == 6 ? new WindowUse("night") : null,
                Group = place >= 5 ? new GroupUse($"g{i / 8}") : null,
            },
            Latency = isProtected ? new LatencySample
            {
                At = at, Source = "bench", Endpoint = "", Running = 1, Waiting = 0,
                Signals = [new SignalSample { Signal = LatencySignal.EndToEnd, Kind = LatencyKind.Histogram, Total = histogram, Window = histogram, WindowCount = 50 }],
            } : null,
            Slos = isProtected ? [new SloReading(slo, seconds, Reading.Fresh(seconds / 0.1, at), null)] : [],
            Pressure = isProtected ? Reading.Fresh(seconds / 0.1, at) : Reading.Unsupported<double>(at),
            Activity = isProtected ? new WorkloadActivity(ActivityConfidence.High, 1, 0.5, at) : null,
        };
    }
}
