using Headroom.Cli.Top;
using Headroom.Model;
using Headroom.Model.Reasons;
using static Headroom.Tests.Cli.Views;

namespace Headroom.Tests.Cli.Top;

/// <summary>Frames of nodes, and how they look.</summary>
internal static class Frames
{
    public static readonly string[] English = ["recommender", "chat", "nightly-embedding", "painter", "notebook-li"];
    public static readonly string[] Chinese = ["推荐服务-线上", "大模型对话", "离线向量任务", "画图", "研究员的笔记本（张三）📓"];

    /// <summary>Two GPUs, five containers: one slow, one with a share, one gated, one that nobody manages.</summary>
    public static TopFrame Of(IReadOnlyList<string> names, Mode mode = Mode.Enforce)
    {
        var containers = names.Select((name, i) => Container(name, (char)('a' + i))).ToList();
        var held = GuardReasons.CutBySm.With(
            ("workload", names[2]), ("share", ReasonValue.Ratio(0.25)), ("protected", names[0]), ("slo", "p95"), ("observed", TimeSpan.FromMilliseconds(140)),
            ("target", TimeSpan.FromMilliseconds(80)), ("for", TimeSpan.FromSeconds(3)), ("rise", ReasonValue.Points(0.3)));
        var alert = AlertReasons.Held.With(("alert", "vip-slow"), ("workload", names[3]), ("share", ReasonValue.Ratio(0.3)), ("left", TimeSpan.FromMinutes(9)));
        WorkloadSnapshot Workload(int i, WorkloadPolicy policy, params SloReading[] slos) => new()
        {
            Container = containers[i], Policy = policy with { Slos = [.. slos.Select(slo => slo.Slo)] }, Slos = slos, Pressure = slos.Length > 0 ? slos[0].Pressure : default,
            LatencyProblem = slos.Length > 0 ? null : "no metrics endpoint of a known model server",
        };
        GpuShare Share(int i, long gib, double sm) => new(names[i], containers[i].Id.InstanceId, gib * GiB, Reading.Fresh(sm, At(9.8)), 1, 0);
        static SloReading Slo(double seen, int target) =>
            new(new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(target)), seen, Reading.Fresh(seen * 1000 / target, At(9.8)), null);
        var snapshot = Node() with
        {
            Mode = mode,
            Gpus = [Gpu(0, 30 * GiB), Gpu(1, 70 * GiB)],
            Attribution =
            [
                new GpuAttribution(0, 30 * GiB, [Share(0, 18, 0.4), Share(2, 8, 0.25), Share(3, 3, 0.1)], GiB, false, []),
                new GpuAttribution(1, 70 * GiB, [Share(1, 60, 0.6), Share(4, 6, 0)], 4 * GiB, false, []),
            ],
            Workloads =
            [
                Workload(0, new WorkloadPolicy { Managed = true, Priority = Priority.Critical, GuaranteeBytes = 18 * GiB, Mode = Mode.Enforce }, Slo(0.14, 80)),
                Workload(1, new WorkloadPolicy { Managed = true, Priority = Priority.Critical, Mode = Mode.Enforce }, Slo(0.9, 1000)),
                Workload(2, new WorkloadPolicy { Managed = true, Priority = Priority.Batch, CapBytes = 10 * GiB, Mode = Mode.Enforce }),
                Workload(3, new WorkloadPolicy { Managed = true, Priority = Priority.Batch, Yields = Yields.Gate, Mode = Mode.Enforce }),
                Workload(4, new WorkloadPolicy()),
            ],
            Act = new ActState
            {
                Holds = mode != Mode.Enforce ? [] :
                [
                    new Hold(containers[2].Id, Lever.Share, RuleName.LatencyGuard, 0.25, null, null, Nine.AddSeconds(-35)) { Id = 1, ShareObtained = 0.27, Reason = held },
                    new Hold(containers[2].Id, Lever.Cap, RuleName.VramCaps, 1, 0, 10 * GiB, Nine.AddHours(-1)) { Id = 2 },
                    new Hold(containers[3].Id, Lever.Gate, RuleName.Gate, 0.1, 0, null, Nine.AddMinutes(-6)) { Id = 3, Reason = alert },
                ],
                Gates = mode != Mode.Enforce ? [] :
                    [new GateState(containers[3].Id, GateVia.Freezer) { Closed = true, Closures = 42, ClosedFor = TimeSpan.FromSeconds(90), OpenFor = TimeSpan.FromSeconds(270) }],
            },
        };
        var plan = new Plan
        {
            Seq = 10, SnapshotSeq = 10, PolicyHash = "0123456789ab",
            Wanted = [new Wanted(containers[2].Id, mode, new WantedRun(RunLimit.AtShare(0.25), RuleName.LatencyGuard, held, At(-35)), [])],
            Decisions =
            [
                new Decision(Verdict.Move, RuleName.LatencyGuard, names[2], 0, Lever.Share, mode, held, At(-35), false),
                new Decision(Verdict.Move, RuleName.Alert, names[3], 0, Lever.Gate, mode, alert, At(4), true),
            ],
        };
        var history = new TopHistory();
        history.Add(snapshot, plan);
        var view = Views.Of(snapshot) with { Plan = plan };
        return TopFrame.Of(
            view with { Policy = new PolicyStatus("0123456789ab", ["policy.yaml"], mode, Nine) { Vram = new VramPolicy { ReserveBytes = 2 * GiB } }, Self = view.Self with { Mode = mode } }, history.Newest);
    }

    public static ConsoleKeyInfo Key(char letter) => new(letter, 0, false, false, false);

    public static ConsoleKeyInfo Key(ConsoleKey key) => new('\0', key, false, false, false);

    public static TopModel Shown(TopFrame frame, params ConsoleKeyInfo[] keys) => keys.Aggregate(TopModel.Start.Arrive(frame), (model, key) => model.Press(key));

    public static string Text(TopModel model, int width, int? height, Language language = Language.English) =>
        string.Join('\n', TopPage.Of(model.Shown, model.State, width, height, language).Select(line => line.Plain));
}
