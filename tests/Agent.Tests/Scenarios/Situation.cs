using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Policies;
using Headroom.Run.Trials;
using Headroom.Simulate;

namespace Headroom.Tests.Scenarios;

/// <summary>What happened when the real planner ran a simulated server: the trial, and what was told on the way.</summary>
internal sealed record Story(TrialResult Trial, IReadOnlyList<(TimeSpan At, Decision Decision)> Told, IReadOnlyList<BlameReport> Blames, IReadOnlyList<ImpulseRecord> Impulses)
{
    public IReadOnlyList<TrialTick> Ticks => Trial.Ticks;

    public IEnumerable<TrialPoint> Of(string workload) => Ticks.Select(tick => tick.Workloads[workload]);

    /// <summary>Nobody touched it: it ran free all the time, without a cap.</summary>
    public bool Untouched(string workload) =>
        Of(workload).All(point => point.RunFraction == 1 && point.CapBytes is null) && !Ticks.Any(tick => tick.Holds.Any(hold => hold.Workload.Name == workload));

    /// <summary>Everything that was told, a line each.</summary>
    public string Diary => string.Join('\n', Told.Select(told => $"{told.At} {told.Decision.Verdict} {told.Decision.Reason.Code} {told.Decision.Reason.Sentence()}"));

    public IEnumerable<Decision> With(ReasonCode reason) => Told.Select(told => told.Decision).Where(decision => decision.Reason.Code == reason.Code);
}

/// <summary>A small server, a policy as a user writes it, and what happens meanwhile.</summary>
internal sealed record Situation(string Policy, params WorkloadSpec[] Workloads)
{
    public const long MiB = 1L << 20;
    public const long GiB = 1L << 30;

    public DateTimeOffset StartsAt { get; init; } = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    public long Seed { get; init; } = 1;
    public Action<World, TimeSpan>? Meanwhile { get; init; }

    /// <summary>One card as it reports itself: 40,536 MiB of a "40 GB" one, 422 of them the driver's own. Cool, so that its clock stays.</summary>
    public static GpuSpec Card { get; } = new()
    {
        Name = "NVIDIA A100-PCIE-40GB",
        Architecture = "Ampere",
        ComputeCapability = "8.0",
        PciBusId = "00000000:17:00.0",
        TotalBytes = 40_536 * MiB,
        ReservedBytes = 422 * MiB,
        DegreesPerWatt = 0.1,
    };

    public Scenario Scenario => new() { Gpus = [Card], Workloads = Workloads };

    /// <summary>With the planner; or, as a control, with nobody who decides anything.</summary>
    public Story Run(TimeSpan length, bool managed = true)
    {
        var told = new List<(TimeSpan, Decision)>();
        var blames = new Dictionary<(string, MonoTime), BlameReport>();
        IReadOnlyList<ImpulseRecord> impulses = [];
        var planner = managed ? PlannerDecider.New() : FixedPlans.Nothing;
        var setup = new TrialSetup(Scenario, Read(Policy), length) { Seed = Seed, StartsAt = StartsAt, Meanwhile = Meanwhile };
        var trial = SimulatedTrial.Run(setup, (snapshot, policy, due) =>
        {
            var plan = planner(snapshot, policy, due);
            impulses = snapshot.Act.Impulses;
            told.AddRange(plan.Decisions.Where(decision => decision.IsNew).Select(decision => (snapshot.WallAt - StartsAt, decision)));
            foreach (var blame in plan.Blames)
                blames[(blame.Protected, blame.Since)] = blame;
            return plan;
        });
        return new Story(trial, told, [.. blames.Values], impulses);
    }

    public static Policy Read(string text)
    {
        var result = PolicyReader.Read([PolicyFile.FromText("policy.yaml", text)], PresetLibrary.BuiltIn());
        Assert.True(result.Policy is not null, string.Join('\n', result.Problems));
        return result.Policy;
    }

    // 5 ms growing by 15 % to a minute: close enough for a p95, and quick.
    private static readonly double[] Bounds = [.. Enumerable.Range(0, 68).Select(n => 0.005 * Math.Pow(1.15, n))];

    /// <summary>A model that answers requests and tells all about them.</summary>
    /// <param name="load">Part of the GPU that its requests need.</param>
    public static WorkloadSpec Server(string name, double workSeconds, double load, double weightsGiB = 4) => new()
    {
        Name = name,
        Gpu = 0,
        Container = new ContainerSpec { Image = "registry.example.com/" + name },
        Memory = new MemorySpec { WeightsBytes = (long)(weightsGiB * GiB) },
        Serving = new ServingSpec
        {
            Arrivals = DayCurve.Flat(load / workSeconds),
            WorkSeconds = workSeconds,
            Metrics = new MetricsSpec
            {
                Preset = "vllm",
                Port = 8000,
                Signals = new Dictionary<LatencySignal, IReadOnlyList<double>> { [LatencySignal.EndToEnd] = Bounds },
                Tells = Tells.Requests | Tells.Running | Tells.Waiting | Tells.Memory,
            },
        },
    };

    /// <summary>A process that waits with its model loaded until it is given work, at this time of each day.</summary>
    public static WorkloadSpec Batch(string name, double workSeconds, TimeSpan at, double weightsGiB = 4) => new()
    {
        Name = name,
        Gpu = 0,
        Container = new ContainerSpec { Image = "registry.example.com/" + name },
        Memory = new MemorySpec { WeightsBytes = (long)(weightsGiB * GiB) },
        Job = new JobSpec(workSeconds, at),
    };
}
