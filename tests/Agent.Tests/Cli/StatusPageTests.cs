using System.Text.Json;
using Headroom.Cli;
using Headroom.Cli.Status;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;
using static Headroom.Tests.Cli.Views;

namespace Headroom.Tests.Cli;

public sealed class StatusPageTests
{
    [Fact]
    public void Two_gpus_and_seven_workloads() => Golden.Matches(Text(Simulated()), "status-simulated.txt");

    [Fact]
    public void The_same_in_a_narrow_terminal() => Golden.Matches(Text(Simulated(), width: 80), "status-narrow.txt");

    [Fact]
    public void A_node_without_a_gpu_driver() => Golden.Matches(
        Text(Of(Node() with
        {
            Driver = null,
            Workloads = [new WorkloadSnapshot { Container = Container("chat", 'a'), Policy = new WorkloadPolicy(), LatencyProblem = "not read yet" }],
            Health =
            [
                new SourceHealth("gpus", false, At(9), null, 1, 1, TimeSpan.Zero, "libnvidia-ml.so.1 cannot be loaded: is the NVIDIA driver installed?"),
                Up("containers"),
            ],
        })), "status-no-driver.txt");

    [Fact]
    public void A_lost_gpu_and_a_docker_daemon_that_went_away()
    {
        var chat = Container("chat", 'a');
        Golden.Matches(
            Text(Of(Node() with
            {
                Gpus =
                [
                    Gpu(0, 30 * GiB) with
                    {
                        Thermal = new GpuThermal { Celsius = Reading.Fresh(91.0, At(9.8)), ThrottleReasonBits = Reading.Fresh(0x40UL, At(9.8)) },
                        Reliability = new GpuReliability { RemapPending = Reading.Fresh(1, At(9.8)), Xids = [new XidCount(94, 2, Nine)] },
                    },
                    GpuSample.Dark(Gpu(1).Identity, GpuHealth.Lost, "utilisation: GPU is lost (NVML 15)", At(9.8)),
                    Gpu(2, 4 * GiB) with
                    {
                        Processes = null, Memory = Reading.Failed<GpuMemory>(At(9.8)), Activity = new GpuActivity { Utilization = Reading.Unsupported<double>(At(9.8)) },
                        Power = new GpuPower(),
                    },
                ],
                Attribution =
                [
                    new GpuAttribution(0, 30 * GiB, [new GpuShare("chat", chat.Id.InstanceId, 20 * GiB, Reading.Failed<double>(At(9.8)), 2, 1)], 10 * GiB, true,
                        [new GpuProcess(4711, GpuProcessKinds.Graphics, 200 << 20, null, null, "Xorg", null), new GpuProcess(4712, GpuProcessKinds.Compute, null, null, null, null, null)]),
                ],
                Workloads =
                [
                    new WorkloadSnapshot
                    {
                        Container = chat,
                        Policy = new WorkloadPolicy { Managed = true, Priority = Priority.Critical },
                        Latency = new LatencySample { At = At(9.8), Source = "vllm", Endpoint = "http://172.17.0.2:8000/metrics", Running = 3, Waiting = 2, Stalled = TimeSpan.FromSeconds(12) },
                        Slos =
                        [
                            new SloReading(new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromSeconds(5)), 2, Reading.Fresh(2.4, At(9.8)), "requests in flight, none completed for 12 s"),
                            new SloReading(new Slo(LatencySignal.InterToken, 0.95, TimeSpan.FromMilliseconds(1)), null, Reading.Unsupported<double>(At(9.8)), "server's first bucket is 10 ms; the SLO of 1 ms is below it"),
                        ],
                        Pressure = Reading.Fresh(2.4, At(9.8)),
                    },
                ],
                Health =
                [
                    Up("gpus"),
                    new SourceHealth("containers", false, At(9), At(-55), 20, 11, TimeSpan.Zero, "nobody answers there: is the Docker daemon running?"),
                ],
            }), ageSeconds: 74), "status-trouble.txt");
    }

    [Fact]
    public void What_is_held_is_shown_and_what_keeps_the_agent_from_acting_stands_at_the_top()
    {
        var embedder = Container("embedder", 'c');
        var reason = AlertReasons.Held.With(("alert", "vip-slow"), ("workload", "embedder"), ("share", ReasonValue.Ratio(0.3)), ("left", TimeSpan.FromMinutes(9)));
        var node = Node() with
        {
            Mode = Mode.Recommend,
            Workloads = [new WorkloadSnapshot { Container = embedder, Policy = new WorkloadPolicy { Managed = true, Priority = Priority.Batch } }],
            Health = [Up("gpus"), Up("containers")],
            Act = new ActState
            {
                Breaker = "5 failures within 10 min, the last of captioner: docker says 500",
                Limited = "no guard answers: start `headroom guard` (systemd: headroom-guard.service)",
                Holds =
                [
                    new Hold(embedder.Id, Lever.Share, RuleName.Alert, 0.3, null, null, Nine.AddSeconds(2)) { Id = 1, ShareObtained = 0.41, Reason = reason },
                    new Hold(Container("[captioner]", 'd').Id, Lever.Pause, RuleName.BatchWindow, 0, null, null, Nine.AddHours(-2)) { Id = 2, Stuck = "docker says 500" },
                ],
            },
        };
        var plan = new Plan
        {
            Seq = 10, SnapshotSeq = 10, PolicyHash = "none",
            Wanted = [new Wanted(embedder.Id, Mode.Enforce, new WantedRun(RunLimit.AtShare(0.3), RuleName.Alert, reason, At(2)), [])],
        };
        var view = Of(node) with { Plan = plan };

        Golden.Matches(Text(view with { Policy = view.Policy with { Mode = Mode.Enforce } }), "status-held.txt");
        // A policy that only watches is not limited by what is missing to act.
        Assert.DoesNotContain("headroom guard", Text(view), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cap_is_shown_with_what_keeps_it_and_what_it_refused_and_one_that_nothing_keeps_says_why()
    {
        var (chat, job, other) = (Container("chat", 'a'), Container("job", 'b'), Container("other", 'c'));
        WorkloadSnapshot Workload(ContainerSample container, long? cap) => new() { Container = container, Policy = new WorkloadPolicy { Managed = true, CapBytes = cap } };
        static MemoryBook Book(ContainerSample container, long refused, long whileFree) =>
            new(container.Id.InstanceId, 0, 8 * GiB, default, 12, 12, 8 * GiB, 8 * GiB, 0, refused, whileFree, whileFree, 1 << 20, 1);
        Golden.Matches(Text(Of(Node() with
        {
            Workloads = [Workload(chat, 8 * GiB), Workload(job, 4 * GiB), Workload(other, null)],
            Books = [Book(chat, 12, 1), Book(other, 0, 0)],
            Act = new ActState
            {
                Caps =
                [
                    new CapReach(chat.Id, 0, CapBackend.Preload, "the driver's limit: the driver is older than 615"),
                    new CapReach(job.Id, 0, CapBackend.Watch, "libheadroom.so: it does not carry the preload library"),
                    // Of an earlier life, and of one that is not to be capped.
                    new CapReach(job.Id with { StartedAt = Nine.AddHours(-1) }, 1, CapBackend.Watch, "stale"),
                    new CapReach(other.Id, 0, CapBackend.Watch, "nobody asked"),
                ],
                Holds =
                [
                    new Hold(chat.Id, Lever.Cap, RuleName.VramCaps, 1, 0, 8 * GiB, Nine) { Id = 1, Undo = new Undo(UndoKind.LiftCap, chat.Id.InstanceId, "8589934592", "preload") },
                ],
            },
        })), "status-caps.txt");
    }

    [Fact]
    public void Odd_names_are_shown_as_they_are_and_steer_nothing()
    {
        var names = new[] { "[x]", "推荐服务-线上", "[bold red]nice[/]", "evil\u001b[2J\u202e\ntail" };
        var containers = names.Select((name, i) => Container(name, (char)('a' + i))).ToList();
        var text = Text(Of(Node() with
        {
            Node = "节点[1]",
            Gpus = [Gpu(0, 40 * GiB)],
            Attribution =
            [
                new GpuAttribution(0, 40 * GiB,
                    [.. containers.Select((c, i) => new GpuShare(c.Name, c.Id.InstanceId, (8 - i) * GiB, Reading.Fresh(0.1 * (i + 1), At(9.8)), 1, 0))],
                    14 * GiB, false, [new GpuProcess(99, GpuProcessKinds.Compute, 14 * GiB, null, null, "[py]\u001b]0;x\a", null)]),
            ],
            Workloads =
            [
                .. containers.Select(c => new WorkloadSnapshot
                {
                    Container = c,
                    Policy = new WorkloadPolicy { LabelMistakes = ["label headroom.priority: \"[高]\" is not a priority; write critical, standard or batch"] },
                    LatencyProblem = "[::1]:8000 refused",
                }),
            ],
            Health = [Up("gpus"), Up("containers")],
        }));

        Golden.Matches(text, "status-odd-names.txt");
        Assert.DoesNotContain('\u001b', text);
        Assert.DoesNotContain('\u202e', text);
    }

    [Fact]
    public void Colours_are_never_the_only_sign()
    {
        var plain = new StringWriter();
        var coloured = new StringWriter();
        var view = Simulated();
        StatusPage.Write(Terminal.Create(plain, 120, colours: false), view, view.Snapshot.Mono);
        StatusPage.Write(Terminal.Create(coloured, 120, colours: true), view, view.Snapshot.Mono);

        Assert.DoesNotContain('\u001b', plain.ToString());
        Assert.Contains('\u001b', coloured.ToString());
        Assert.Equal(plain.ToString(), WithoutEscapes(coloured.ToString()));
    }

    [Fact]
    public void The_view_survives_its_json_unchanged()
    {
        var json = JsonSerializer.Serialize(Simulated(), ApiJson.Default.NodeView);

        var back = JsonSerializer.Deserialize(json, ApiJson.Default.NodeView)!;

        Assert.Equal(json, JsonSerializer.Serialize(back, ApiJson.Default.NodeView));
        Assert.Equal(Text(Simulated()), Text(back));
    }

    private static string WithoutEscapes(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\u001b\\[[0-9;]*m", "");
}
