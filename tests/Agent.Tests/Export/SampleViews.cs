using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Tests.Export;

/// <summary>Views made by hand.</summary>
internal static class SampleViews
{
    private const long MiB = 1024 * 1024;
    private static readonly MonoTime At = new(TimeSpan.FromSeconds(1000));
    private static readonly DateTimeOffset Wall = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Two GPUs, one of them lost, and three workloads that between them show every metric family.</summary>
    public static NodeView Everything(long seq = 42) => new(
        new NodeSnapshot
        {
            Seq = seq, WallAt = Wall, Mono = At, Node = "gpu-server-1", Driver = new DriverInfo("nvml", "580.95.05", "13.580.95.05", "13.0"),
            Docker = new DockerInfo("28.2.2", "1.50", "systemd", "2"), Gpus = [Healthy(), GpuSample.Dark(Identity(1), GpuHealth.Lost, "fell off the bus", At)],
            Workloads = [Recommender(), Vision(), Broken()],
            Attribution =
            [
                new GpuAttribution(0, 30_000 * MiB, [Share("recommender", 20_000, 0.5), Share("vision", 9_000, 0.25)], 1_000 * MiB, false, []),
            ],
            Health =
            [
                new SourceHealth("gpus", true, At, At - TimeSpan.FromSeconds(0.5), 100, 2, TimeSpan.FromMilliseconds(7), null),
                new SourceHealth("containers", false, At, null, 3, 3, TimeSpan.FromSeconds(5), "nobody answers there"),
            ],
            Books =
            [
                new MemoryBook(
                    Vision().Container.Id.InstanceId, 0, 8_000 * MiB, new MemoryKinds(7_000 * MiB, 0, 0, 512 * MiB, 488 * MiB, 0, 0), 57, 41, 8_100 * MiB, 8_192 * MiB, 400 * MiB, 12, 3, 2, 96 * MiB, 2),
            ],
            Alerts = [new AlertSignal("vip-slow", At + TimeSpan.FromMinutes(9))],
            Act = SampleAct(),
        },
        new PolicyStatus("0123456789ab", ["policy.yaml"], Mode.Enforce, Wall),
        new SelfStatus("0.1.0", "0123456789ab", Wall, Mode.Observe, false, TimeSpan.FromMilliseconds(1.5)))
    {
        Plan = SamplePlan(),
        PlanTook = TimeSpan.FromMicroseconds(150),
        Decided = [new DecisionCount(RuleName.LatencyGuard, Verdict.Move, Lever.Share, Mode.Recommend, 3)],
        Alerts = new AlertCounts(12, 3, 4),
        Notified = [new NotifyCounts("ops", 7, 1, 2)],
        RecentOutcomes =
        [
            new Outcome(7, Wall, Vision().Container.Id, StepKind.Take, Lever.Share, RuleName.LatencyGuard, OutcomeResult.Done, "froze at its share", TimeSpan.FromMilliseconds(120))
            {
                Waited = TimeSpan.FromMilliseconds(130),
            },
        ],
        Done =
        [
            new OutcomeCount(StepKind.Take, Lever.Share, RuleName.LatencyGuard, OutcomeResult.Done, Mode.Enforce, 6),
            new OutcomeCount(StepKind.Take, Lever.Share, RuleName.LatencyGuard, OutcomeResult.Failed, Mode.Enforce, 1),
        ],
    };

    /// <summary>Vision is on a share and has a cap; a lever that did nothing, a workload left to people, a restart.</summary>
    private static ActState SampleAct() => new()
    {
        Holds =
        [
            new Hold(Vision().Container.Id, Lever.Share, RuleName.LatencyGuard, 0.25, null, null, Wall - TimeSpan.FromSeconds(30)) { Id = 1, ShareObtained = 0.27 },
            new Hold(Vision().Container.Id, Lever.Cap, RuleName.VramCaps, 1, 0, 8_192 * MiB, Wall - TimeSpan.FromHours(1))
            {
                Id = 2, Expires = Wall + TimeSpan.FromMinutes(5), Stuck = "the shim does not answer",
            },
        ],
        Impulses = [new ImpulseRecord("recommender", ImpulseKind.Restart, RuleName.RunawayMemory, "leak", Wall - TimeSpan.FromHours(2), true)],
        Ineffective = [new IneffectiveLever("vision", Lever.Sleep)],
        Caps =
        [
            new CapReach(Vision().Container.Id, 0, CapBackend.Preload, "the driver's limit: this driver is older than r615"),
            new CapReach(Container("recommender").Id, 0, CapBackend.Watch, "libheadroom.so: it does not carry the preload library"),
        ],
        Gates =
        [
            new GateState(Vision().Container.Id, GateVia.Launch)
            {
                Closed = true, Closures = 1843, ClosedFor = TimeSpan.FromSeconds(340.5), OpenFor = TimeSpan.FromSeconds(660), Starved = 2,
                Took = new CloseTimes([0, 1500, 300, 20, 8, 2, 0, 0, 0, 0, 0, 0, 0], 0.41), FreezerDrain = TimeSpan.FromMilliseconds(48), LaunchDrain = TimeSpan.FromMilliseconds(0.8), InFlightCap = 6,
            },
        ],
        LeftToPeople = ["夜间\"批\\处理"],
    };

    /// <summary>Vision stands aside for the recommender, at a quarter of the time and with a cap.</summary>
    private static Plan SamplePlan()
    {
        var vision = Vision().Container.Id;
        var reason = GuardReasons.CutBySm.With(
            ("workload", "vision"), ("share", ReasonValue.Ratio(0.25)), ("protected", "recommender"), ("slo", "p95"), ("observed", ReasonValue.Seconds(0.212)),
            ("target", ReasonValue.Seconds(0.08)), ("for", ReasonValue.Seconds(4)), ("rise", ReasonValue.Points(0.61)));
        return new Plan
        {
            Seq = 42, SnapshotSeq = 42, PolicyHash = "0123456789ab",
            Wanted =
            [
                new Wanted(vision, Mode.Recommend, new WantedRun(RunLimit.AtShare(0.25), RuleName.LatencyGuard, reason, At), [new WantedCap(0, 8_192 * MiB, RuleName.VramCaps, reason)]),
            ],
            Yields =
            [
                new YieldRelation(
                    vision, [Recommender().Container.Id], 0, TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(5), 0.1, Mode.Recommend,
                    GateReasons.Yields.With(("workload", "vision"), ("protected", "recommender"))),
            ],
            Decisions =
            [
                new Decision(Verdict.Refuse, RuleName.LatencyGuard, "batch", null, Lever.Share, Mode.Recommend, PlannerReasons.NotOptedIn.With(("workload", "batch"), ("wanted", "share")), At, true),
            ],
            Blames = [new BlameReport("recommender", 0, At, [new Blamed("vision", 0.61, BlameSign.Sm, true, 0.61, 0, 0)])],
            States = new Dictionary<string, ThrottleState> { ["vision"] = ThrottleState.Pressure },
        };
    }

    private static GpuIdentity Identity(int index) =>
        new(index, $"GPU-{index}", "NVIDIA H100 80GB HBM3", $"00000000:{index + 1:X2}:00.0", "Hopper", "9.0", index == 0);

    private static Reading<T> Is<T>(T value) where T : struct => Reading.Fresh(value, At);

    private static GpuSample Healthy() => new()
    {
        Identity = Identity(0), Health = GpuHealth.Ok, At = At,
        Memory = Is(new GpuMemory(81_559 * MiB, 551 * MiB, 30_000 * MiB, 51_008 * MiB)),
        Activity = new GpuActivity
        {
            Utilization = Is(0.75), MemoryUtilization = Is(0.5), Encoder = Is(0.1), Decoder = Is(0.2),
            Gpm = new GpmSample { SmActive = Is(0.6), SmOccupancy = Is(0.3), TensorActive = Is(0.4), DramBandwidth = Is(0.35), ContextSwitch = Is(0.01) },
        },
        Power = new GpuPower
        {
            Watts = Is(431.5), LimitWatts = Is(700.0), EnergyJoules = Is(123456.5), SmClockHertz = Is(1.98e9), MemoryClockHertz = Is(2.619e9), PerformanceState = Is(0),
        },
        Thermal = new GpuThermal
        {
            Celsius = Is(61.0), MemoryCelsius = Is(70.0), MarginCelsius = Is(24.0), FanRatio = Is(0.3), ThrottleReasonBits = Is(0x4UL | 0x8000),
        },
        Reliability = new GpuReliability
        {
            EccCorrected = Is(1L), EccUncorrected = Is(2L), EccCorrectedLifetime = Is(3L), EccUncorrectedLifetime = Is(4L), RemappedRowsCorrectable = Is(5L),
            RemappedRowsUncorrectable = Is(6L), RemapPending = Is(1), RemapFailed = Is(0), PcieReplays = Is(7L), RecoveryAction = Is(1),
            Xids = [new XidCount(79, 2, Wall)],
        },
        Links = new GpuLinks
        {
            PcieTransmitBytes = Is(8L), PcieReceiveBytes = Is(9L), PcieGeneration = Is(5), PcieWidth = Is(16), NvLinkTransmitBytes = Is(10L), NvLinkReceiveBytes = Is(11L),
        },
        Mig =
        [
            new MigInstance(2, 5, 0, "MIG-1", 3, Is(new GpuMemory(40_000 * MiB, 0, 10_000 * MiB, 30_000 * MiB)), new GpmSample { SmActive = Is(0.25) }),
        ],
    };

    private static GpuShare Share(string workload, long mib, double sm) => new(workload, Id(workload), mib * MiB, Is(sm), 2, 0);

    private static string Id(string name) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));

    private static ContainerSample Container(string name, ContainerState state = ContainerState.Running) => new()
    {
        Id = new WorkloadId(name, Id(name), Wall - TimeSpan.FromHours(1)), ContainerName = $"prod-{name}-1", Image = $"registry.example/{name}:1.2", State = state,
        ComposeProject = "prod", ComposeService = name, Pid = 4242,
    };

    private static WorkloadSnapshot Recommender()
    {
        var slo = new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(80));
        return new WorkloadSnapshot
        {
            Container = Container("recommender"), LatencySource = "tensorflow-serving",
            Policy = new WorkloadPolicy
            {
                Entry = "recommender", Managed = true, Priority = Priority.Critical, Slos = [slo], GuaranteeBytes = 20_480 * MiB, CapBytes = 24_576 * MiB,
            },
            Latency = new LatencySample
            {
                At = At, Source = "tensorflow-serving", Endpoint = "http://172.17.0.2:8501/monitoring/prometheus/metrics",
                Running = 3, Waiting = 1, Requests = 5000, FailedRequests = 4, PromptTokens = 100, GeneratedTokens = 200, KvCacheRatio = 0.5,
                ReservedBytes = 1000, AllocatedBytes = 900, Stalled = TimeSpan.FromSeconds(0.25),
                Signals =
                [
                    new SignalSample
                    {
                        Signal = LatencySignal.EndToEnd, Kind = LatencyKind.Histogram, MeanSeconds = 0.055, WindowCount = 50, WindowLength = TimeSpan.FromSeconds(9),
                        Total = new LatencyHistogram([0.05, 0.1, 0.2], [2500, 4900, 4990, 5000], 260.5),
                        Window = new LatencyHistogram([0.05, 0.1, 0.2], [20, 45, 50, 50], 2.75),
                    },
                ],
            },
            Slos = [new SloReading(slo, 0.15, Is(1.875), null)],
            Pressure = Is(1.875),
        };
    }

    private static WorkloadSnapshot Vision() => new()
    {
        Container = Container("vision"), LatencySource = "triton", Activity = new WorkloadActivity(ActivityConfidence.High, 2, 0.34, At)
        {
            Ports = [8000], Connections = 7, Unreadable = 1, Requests = 5_120, Missed = 3, Disagreements = 1, MedianGap = TimeSpan.FromMilliseconds(30),
        }, Policy = new WorkloadPolicy { LabelMistakes = ["label headroom.slo.p95: empty"] },
        Framework = new FrameworkMemory(5_000 * MiB, 8_000 * MiB, 1_500 * MiB, 7, 1, TimeSpan.FromSeconds(1)),
        Latency = new LatencySample
        {
            At = At, Source = "triton", Endpoint = "http://172.17.0.3:8002/metrics", IsIdle = true,
            Signals = [new SignalSample { Signal = LatencySignal.EndToEnd, Kind = LatencyKind.MeanOnly, MeanSeconds = 0.02 }],
        },
    };

    // Names are the users': quotes, backslashes and Chinese must survive the trip.
    private static WorkloadSnapshot Broken() => new()
    {
        Container = Container("夜间\"批\\处理", ContainerState.Exited), Policy = new WorkloadPolicy { Priority = Priority.Batch }, LatencyProblem = "connection refused",
    };
}
