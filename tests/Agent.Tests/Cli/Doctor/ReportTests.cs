using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Headroom.Cli;
using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Facts;
using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Tests.Support;
using static Headroom.Tests.Cli.Doctor.Patients;

namespace Headroom.Tests.Cli.Doctor;

public sealed class ReportTests
{
    [Fact]
    public void A_host_on_which_all_is_well()
    {
        var report = Report.Of(Judgement.Of(Well(Container("chat", 'a'))));

        Assert.True(report.Ok);
        Assert.All(report.Findings, finding => Assert.Equal(Level.Ok, finding.Level));
        Golden.Matches(Text(report), "doctor-well.txt");
    }

    [Fact]
    public void A_host_with_every_kind_of_trouble()
    {
        var report = Report.Of(Judgement.Of(Ill()));

        Assert.False(report.Ok);
        Golden.Matches(Text(report), "doctor-ill.txt");
        Golden.Matches(report.ToJson(), "doctor-ill.json");
    }

    [Fact]
    public void The_json_can_be_read_back()
    {
        var report = Report.Of(Judgement.Of(Ill()));

        var back = JsonSerializer.Deserialize(report.ToJson(), ReportJson.Default.Report)!;

        Assert.Equal(report.Ok, back.Ok);
        Assert.Equal(report.Findings, back.Findings);
    }

    [Fact]
    public void Docker_and_driver_gone_leave_no_claim_about_containers()
    {
        var well = Well();
        var findings = Judgement.Of(well with
        {
            Gpus = well.Gpus with { Sweep = null, Error = "cannot be loaded", Probe = new NvmlProbe("cannot be loaded", null, [], null), KernelModule = false },
            Docker = new DockerFacts(new Uri("unix:///var/run/docker.sock"), Error: "nobody answers there: is the Docker daemon running?"),
        });

        Assert.DoesNotContain(findings, f => f.Check is "healers" or "labels" or "cuda" or "slo" or "gpu");
        Assert.Equal(("driver", Level.Warn), (findings[0].Check, findings[0].Level));
        Assert.Contains(findings, f => f is { Check: "docker", Level: Level.Fail });
    }

    private static DoctorFacts Ill()
    {
        var well = Well(
            Container("recommender", 'a') with { Environment = new Dictionary<string, string> { ["CUDA_VERSION"] = "13.0.1", ["NVIDIA_REQUIRE_CUDA"] = "cuda>=13.0" } },
            Container("chat", 'b') with { Labels = new Dictionary<string, string> { ["headroom.priority"] = "", ["headroom.slo.p95"] = "80ms" } },
            Container("[ 推荐 ]\u001b[2J", 'c') with { Labels = new Dictionary<string, string> { ["headroom.exmpt"] = "yes" } },
            Container("autoheal", 'd', "willfarrell/autoheal:1.2.0") with { Gpus = null });
        return well with
        {
            Gpus = well.Gpus with
            {
                Sweep = new GpuSweep(Driver, [Views.Gpu(0), GpuSample.Dark(Views.Gpu(1).Identity, GpuHealth.Lost, "GPU is lost (NVML 15)", Views.At(1))]),
                Probe = new NvmlProbe(null, null, [new NvmlDeviceProbe(0, false, NvmlReturn.NoPermission, false)], null),
            },
            Docker = well.Docker with { NvidiaRuntime = false, CdiGpus = 2, ClockAhead = TimeSpan.FromSeconds(-30) },
            Host = well.Host with
            {
                IsRoot = false, Capabilities = 0, InHostPids = false, Pids = (3, 3), ClockSynchronised = false,
                Directories = [new DirectoryFacts("runtime", "/run/headroom", false, false), new DirectoryFacts("state", "/var/lib/headroom", true, false)],
                Cgroup = new CgroupFacts(2, FreezerAccess.ReadOnly, "chat", "/sys/fs/cgroup/system.slice/docker-bbbb.scope/cgroup.freeze"),
            },
            Ports =
            [
                well.Ports[0] with { Error = SocketError.AddressAlreadyInUse, Holders = [new PortHolder(4711, "node_exporter")] },
                well.Ports[1],
                new PortFacts("alerts", "--webhook-listen", new IPEndPoint(IPAddress.Parse("172.17.0.1"), 9486), SocketError.AddressNotAvailable, []),
            ],
            PolicyPath = "policy.yaml",
            Policy = new PolicyResult(null, [new PolicyProblem("policy.yaml", 7, 15, "\"urgent\" is not a priority; write critical, standard or batch")]),
            Latency = new Dictionary<string, WorkloadLatency>
            {
                [new string('b', 64)] = new(new string('b', 64), "vllm", Latest<LatencySample>.Nothing.Success(
                    new LatencySample
                    {
                        At = Views.At(1), Source = "vllm", Endpoint = "http://172.17.0.3:8000/metrics",
                        Signals =
                        [
                            new SignalSample { Signal = LatencySignal.EndToEnd, Kind = LatencyKind.Histogram, Total = new LatencyHistogram([0.3, 0.5], [0, 0, 0], 0) },
                            new SignalSample { Signal = LatencySignal.TimeToFirstToken, Kind = LatencyKind.Histogram, Total = new LatencyHistogram([0.001, 0.5], [0, 0, 0], 0) },
                        ],
                    }, Views.At(1), Views.At(1))),
            },
        };
    }

    private static string Text(Report report)
    {
        var text = new StringWriter();
        report.Write(Terminal.Create(text, 80, colours: false));
        return text.ToString();
    }
}
