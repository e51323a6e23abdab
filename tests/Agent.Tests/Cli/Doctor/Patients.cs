using System.Net;
using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Facts;
using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;

namespace Headroom.Tests.Cli.Doctor;

/// <summary>Hosts to examine.</summary>
internal static class Patients
{
    public static readonly DriverInfo Driver = new("nvml", "550.54.14", "12.550.54.14", "12.4");
    public static readonly Policy Labels = new() { Hash = "none", Presets = [new() { Name = "vllm" }] };

    /// <summary>A host on which all is well, with two GPUs and these containers.</summary>
    public static DoctorFacts Well(params ContainerSample[] containers) => new()
    {
        Gpus = new GpuFacts(
            NvmlLibrary.DefaultName, false, new GpuSweep(Driver, [Views.Gpu(0), Views.Gpu(1)]), null, TimeSpan.FromSeconds(1),
            new NvmlProbe(null, null, [new NvmlDeviceProbe(0, true, NvmlReturn.Success, true), new NvmlDeviceProbe(1, true, NvmlReturn.Success, true)], null),
            "/usr/bin/nvidia-smi", true),
        Docker = new DockerFacts(new Uri("unix:///var/run/docker.sock"), new DockerInfo("28.2.2", "1.51", "systemd", "2"), ClockAhead: TimeSpan.Zero, NvidiaRuntime: true)
        {
            Containers = containers,
        },
        Host = new HostFacts(
            true, ulong.MaxValue, true, (3, 0), true,
            [new DirectoryFacts("runtime", "/run/headroom", true, true), new DirectoryFacts("state", "/var/lib/headroom", true, true)],
            new CgroupFacts(2, FreezerAccess.Writable, "chat", "/sys/fs/cgroup/system.slice/docker-aaaa.scope/cgroup.freeze")),
        Ports =
        [
            new PortFacts("metrics", "--metrics-listen", new IPEndPoint(IPAddress.Any, 9484), null, []),
            new PortFacts("the control API", "--control-listen", new IPEndPoint(IPAddress.Loopback, 9485), null, []),
        ],
        Policy = new PolicyResult(Labels, []),
    };

    public static ContainerSample Container(string name, char id, string image = "vllm/vllm-openai:v0.11.0") =>
        Views.Container(name, id) with { Image = image, Gpus = new GpuRequest(true, []) };

    public static Classified Of(ContainerSample container, params Slo[] slos) => new(container, Classifier.Classify(container, Labels) with { Slos = slos });

    public static DoctorOptions Options(string? nvml = null, Uri? docker = null) => new()
    {
        Docker = docker ?? new Uri("unix:///nonexistent/docker.sock"),
        NvmlLibrary = nvml,
        MetricsListen = new IPEndPoint(IPAddress.Loopback, 0),
        Directories = new AgentDirectories("/nonexistent/state", "/nonexistent/run"),
        GpuPatience = TimeSpan.FromSeconds(20),
        ProbePatience = TimeSpan.FromSeconds(20),
        DockerPatience = TimeSpan.FromSeconds(20),
        LatencyPatience = TimeSpan.FromSeconds(20),
    };

    public static string Text(IEnumerable<Finding> findings) => string.Join('\n', findings.Select(f => $"{f.Level} {f.Check} {f.What} -> {f.Advice}"));
}
