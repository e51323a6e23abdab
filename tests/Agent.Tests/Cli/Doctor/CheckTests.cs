using System.Net;
using System.Net.Sockets;
using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Checks;
using Headroom.Cli.Doctor.Facts;
using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Policies;
using static Headroom.Tests.Cli.Doctor.Patients;

namespace Headroom.Tests.Cli.Doctor;

/// <summary>Situations -> findings.</summary>
public sealed class CheckTests
{
    [Theory]
    // named, module in the kernel: level, words
    [InlineData(false, false, Level.Warn, "no NVIDIA driver")]
    [InlineData(false, true, Level.Warn, "the kernel has the NVIDIA driver loaded")]
    [InlineData(true, true, Level.Fail, "named by --nvml, cannot be loaded")]
    public void Without_the_library(bool named, bool module, object level, string words)
    {
        var facts = new GpuFacts("lib.so", named, null, "cannot be loaded", TimeSpan.Zero, new NvmlProbe("cannot be loaded", null, [], null), null, module);

        Expect(DriverCheck.Of(facts), level, words);
    }

    [Fact]
    public void Nvidia_smi_in_place_of_the_library_is_a_warning() => Expect(
        DriverCheck.Of(Well().Gpus with { Sweep = new GpuSweep(Driver with { Source = "nvidia-smi" }, [Views.Gpu(0)]), Probe = null }),
        Level.Warn, "read through /usr/bin/nvidia-smi");

    [Theory]
    [InlineData(true, 3, 0, Level.Ok, "the host's pid namespace")]
    [InlineData(true, 3, 1, Level.Ok, "the host's pid namespace")] // one has just ended
    [InlineData(true, 3, 3, Level.Warn, "none of the 3 processes")]
    [InlineData(true, 0, 0, Level.Ok, "the host's pid namespace")]
    [InlineData(false, 0, 0, Level.Fail, "not the host's pid namespace")]
    [InlineData(false, 3, 1, Level.Fail, "not the host's pid namespace")]
    [InlineData(false, 3, 0, Level.Warn, "not the machine's first pid namespace")]
    [InlineData(null, 0, 0, Level.Note, "cannot be told")]
    [InlineData(null, 2, 2, Level.Warn, "none of the 2 processes")]
    public void Pids(bool? inHosts, int named, int unseen, object level, string words) =>
        Expect(PidCheck.Of(Well().Host with { InHostPids = inHosts, Pids = (named, unseen) }), level, words);

    [Fact]
    public void Docker_that_refuses_us_is_told_apart_from_docker_that_is_not_there()
    {
        var denied = Assert.Single(DockerCheck.Of(Well().Docker with { Info = null, Error = "permission denied", Denied = true }, hasDriver: true));
        var gone = Assert.Single(DockerCheck.Of(Well().Docker with { Info = null, Error = "nobody answers there" }, hasDriver: true));

        Assert.Equal((Level.Fail, Level.Fail), (denied.Level, gone.Level));
        Assert.Contains("group of /var/run/docker.sock", denied.Advice, StringComparison.Ordinal);
        Assert.Contains("systemctl status docker", gone.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 0, false, true, Level.Ok, "runtime nvidia")]
    [InlineData(false, 4, false, true, Level.Ok, "4 CDI devices")]
    [InlineData(false, 0, false, true, Level.Warn, "neither the runtime nvidia nor CDI")]
    [InlineData(false, 0, true, true, Level.Ok, "Docker 28.2.2, API 1.51")]
    [InlineData(false, 0, false, false, Level.Ok, "Docker 28.2.2, API 1.51")]
    public void Gpus_for_containers(bool runtime, int cdi, bool oneHasAGpu, bool hasDriver, object level, string words)
    {
        var docker = Well().Docker with { NvidiaRuntime = runtime, CdiGpus = cdi, Containers = oneHasAGpu ? [Container("chat", 'a')] : [] };

        Expect([DockerCheck.Of(docker, hasDriver).Last()], level, words);
    }

    [Theory]
    [InlineData("willfarrell/autoheal:1.2.0", "AUTOHEAL_ONLY_MONITOR_RUNNING")]
    [InlineData("docker.io/willfarrell/autoheal@sha256:abc", "AUTOHEAL_ONLY_MONITOR_RUNNING")]
    [InlineData("containrrr/watchtower", "watchtower.enable=false")]
    [InlineData("ghcr.io/nicholas-fedor/watchtower:1.12", "watchtower.enable=false")]
    public void Who_restarts_containers_by_itself_is_named(string image, string advice)
    {
        var finding = Assert.Single(HealerCheck.Of([Of(Container("keeper", 'a', image))]));

        Assert.Equal(Level.Warn, finding.Level);
        Assert.Contains("keeper", finding.What, StringComparison.Ordinal);
        Assert.Contains(advice, finding.Advice, StringComparison.Ordinal);
        Assert.Equal(Level.Ok, Assert.Single(HealerCheck.Of([Of(Container("keeper", 'a', image) with { State = ContainerState.Exited })])).Level);
    }

    [Fact]
    public void A_label_for_autoheal_on_what_headroom_may_hold()
    {
        var labels = new Dictionary<string, string> { ["autoheal"] = "true", ["headroom.enable"] = "true" };

        Expect(HealerCheck.Of([Of(Container("chat", 'a') with { Labels = labels })]), Level.Warn, "labelled autoheal=true though Headroom may hold them: chat");
    }

    [Theory]
    [InlineData(2, FreezerAccess.Writable, Level.Ok, "cgroup version 2, Docker's driver systemd; the freezer can be written")]
    [InlineData(1, FreezerAccess.NotTried, Level.Note, "cgroup version 1, Docker's driver systemd; no container runs")]
    [InlineData(2, FreezerAccess.ReadOnly, Level.Warn, "/x/cgroup.freeze cannot be written: chat could not be frozen")]
    [InlineData(2, FreezerAccess.Missing, Level.Warn, "the freezer of chat is not at /x/cgroup.freeze")]
    [InlineData(null, FreezerAccess.NotTried, Level.Warn, "no cgroup file system")]
    public void Freezers(int? version, object freezer, object level, string words) =>
        Expect(CgroupCheck.Of(new CgroupFacts(version, (FreezerAccess)freezer, "chat", "/x/cgroup.freeze"), Well().Docker.Info), level, words);

    [Theory]
    [InlineData(ulong.MaxValue, "Ok root")]
    [InlineData(1UL << 21, "Warn CAP_SYS_PTRACE missing|Note CAP_NET_RAW missing")]
    [InlineData(0UL, "Warn CAP_SYS_ADMIN and CAP_SYS_PTRACE missing|Note CAP_NET_RAW missing")]
    [InlineData(1UL << 21 | 1UL << 19 | 1UL << 13, "Ok root")]
    public void Capabilities(ulong bits, string expected)
    {
        var findings = RightsCheck.Of(Well().Host with { Capabilities = bits }).ToList();

        Assert.Equal(expected, string.Join('|', findings.Select(f => $"{f.Level} {f.What.Split(':')[0]}")));
    }

    [Fact]
    public void A_runtime_folder_that_cannot_be_made_fails_and_a_state_folder_warns()
    {
        var findings = RightsCheck.Of(Well().Host with
        {
            Directories = [new DirectoryFacts("runtime", "/run/headroom", false, false), new DirectoryFacts("state", "/var/lib/headroom", true, false)],
        }).ToList();

        Assert.Contains("Fail rights the runtime folder /run/headroom is not there and cannot be made -> run as root, or name another with --runtime-dir", Text(findings), StringComparison.Ordinal);
        Assert.Contains("Warn rights the state folder /var/lib/headroom cannot be written", Text(findings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 0.0, "Ok")]
    [InlineData(true, 1.9, "Ok")]
    [InlineData(true, -2.1, "Ok|Warn Docker's clock is 2.1 s behind ours")]
    [InlineData(false, 3600.0, "Warn nothing keeps|Warn Docker's clock is 60 min ahead of ours")]
    [InlineData(null, null, "Note")]
    public void Clocks(bool? synchronised, double? ahead, string expected)
    {
        var findings = ClockCheck.Of(synchronised, ahead is { } seconds ? TimeSpan.FromSeconds(seconds) : null).ToList();

        Assert.Equal(expected.Split('|').Length, findings.Count);
        Assert.All(expected.Split('|').Zip(findings), pair => Assert.StartsWith(pair.First, $"{pair.Second.Level} {pair.Second.What}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SocketError.AddressAlreadyInUse, "node_exporter", Level.Fail, "in use by node_exporter (pid 77)")]
    [InlineData(SocketError.AddressAlreadyInUse, "headroom", Level.Note, "served by a headroom agent already: headroom (pid 77)")]
    [InlineData(SocketError.AddressAlreadyInUse, null, Level.Fail, "in use by a process that cannot be seen from here")]
    [InlineData(SocketError.AddressNotAvailable, null, Level.Fail, "no address of this host")]
    [InlineData(SocketError.AccessDenied, null, Level.Fail, "not permitted to listen on 0.0.0.0:9486 for alerts")]
    public void Ports(SocketError error, string? holder, object level, string words)
    {
        var finding = PortCheck.Of(new PortFacts("alerts", "--webhook-listen", new IPEndPoint(IPAddress.Any, 9486), error, holder is null ? [] : [new PortHolder(77, holder)]));

        Expect([finding], level, words);
        Assert.Contains("alerts", finding.What, StringComparison.Ordinal);
        Assert.Equal(finding.Level == Level.Fail, finding.Advice?.Contains("--webhook-listen", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Mistakes_of_a_policy_fail_with_their_place()
    {
        var finding = Assert.Single(PolicyCheck.Of("p.yaml", new PolicyResult(null, [new PolicyProblem("p.yaml", 3, 5, "\"urgent\" is not a priority")])));

        Assert.Equal((Level.Fail, "p.yaml:3:5: \"urgent\" is not a priority"), (finding.Level, finding.What));
    }

    [Fact]
    public void A_label_without_a_value_is_named_with_its_container()
    {
        var chat = Container("chat", 'a') with { Labels = new Dictionary<string, string> { ["headroom.priority"] = "", ["headroom.slo.p95"] = "2s" } };

        Expect(PolicyCheck.Labels([Of(chat), Of(Container("other", 'b'))]), Level.Warn, "chat: label headroom.priority has no value; write");
    }

    [Theory]
    // CUDA_VERSION, NVIDIA_REQUIRE_CUDA, NVIDIA_DISABLE_REQUIRE; the driver runs 12.4
    [InlineData("12.4.1", "cuda>=12.4", null, Level.Ok, "1 container with a CUDA that the driver runs (12.4 at most)")]
    [InlineData("11.8.0", null, null, Level.Ok, "1 container")]
    [InlineData("13.0.1", null, null, Level.Fail, "chat (vllm/vllm-openai:v0.11.0) brings CUDA 13.0.1, but driver 550.54.14 runs CUDA 12.4 at most")]
    [InlineData("13.0.1", "cuda>=13.0 brand=tesla,driver>=535,driver<536", null, Level.Fail, "requires cuda>=13.0, but driver 550.54.14 runs CUDA 12.4 at most")]
    [InlineData("13.0.1", "cuda>=13.0 brand=tesla,driver>=550,driver<551", null, Level.Warn, "forward compatibility")]
    [InlineData("12.6.3", "cuda>=12.6 brand=tesla,driver>=550,driver<551", null, Level.Note, "minor version compatibility")]
    [InlineData("12.6.3", "cuda>=12.6", null, Level.Fail, "requires cuda>=12.6")]
    [InlineData("12.6.3", "cuda>=12.6", "1", Level.Note, "minor version compatibility")]
    [InlineData("12.6.3", "cuda>=12.6", "0", Level.Fail, "requires cuda>=12.6")]
    [InlineData("13.0.1", "cuda>=13.0", "true", Level.Fail, "brings CUDA 13.0.1")]
    [InlineData(null, "cuda>=13.0", null, Level.Fail, "requires cuda>=13.0")]
    public void Versions_of_cuda(string? version, string? required, string? disabled, object level, string words)
    {
        var environment = new Dictionary<string, string?> { ["CUDA_VERSION"] = version, ["NVIDIA_REQUIRE_CUDA"] = required, ["NVIDIA_DISABLE_REQUIRE"] = disabled };
        var chat = Container("chat", 'a') with { Environment = environment.Where(e => e.Value is not null).ToDictionary(e => e.Key, e => e.Value!) };

        var findings = CudaCheck.Of([Of(chat)], Driver, new HashSet<string>()).ToList();

        Expect(findings, level, words);
        if ((Level)level >= Level.Warn)
            Assert.Matches("install a driver for CUDA 1[23].[06] or newer, or use an image for CUDA 12.4 or older", findings[0].Advice);
    }

    [Fact]
    public void An_image_that_was_given_no_gpu_is_only_a_warning_until_it_holds_one()
    {
        var chat = Container("chat", 'a') with { Gpus = null, Environment = new Dictionary<string, string> { ["CUDA_VERSION"] = "13.0.1" } };

        Expect(CudaCheck.Of([Of(chat)], Driver, new HashSet<string>()), Level.Warn, "given no GPU");
        Expect(CudaCheck.Of([Of(chat)], Driver, new HashSet<string> { chat.Id.InstanceId }), Level.Fail, "brings CUDA 13.0.1");
        Assert.Empty(CudaCheck.Of([Of(chat)], null, new HashSet<string>()));
        Assert.Empty(CudaCheck.Of([Of(chat)], Driver with { CudaVersion = null }, new HashSet<string>()));
    }

    [Fact]
    public void A_stuck_probe_beside_a_sweep_says_what_was_not_looked_at() => Expect(
        [GpuCheck.Of(Well().Gpus with { Probe = new NvmlProbe(null, null, [], 1) }).Last()], Level.Warn, "GPU 1: a driver call has not come back");

    private static void Expect(IEnumerable<Finding> findings, object level, string words)
    {
        var finding = Assert.Single(findings);
        Assert.Contains(words, finding.What, StringComparison.Ordinal);
        Assert.Equal(level, finding.Level);
        if (finding.Level >= Level.Warn)
            Assert.NotNull(finding.Advice);
    }
}
