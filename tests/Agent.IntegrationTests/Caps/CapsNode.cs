using System.Globalization;
using System.Runtime.CompilerServices;
using Headroom.IntegrationTests.Support;
using Headroom.Pages;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Caps;

/// <summary>A server whose containers use CUDA (the double of libcuda, whose memory the NVML double tells) and carry the preload library, each with the page of its service.</summary>
internal sealed class CapsNode : IDisposable
{
    public const string Image = "headroom-test/cuda:1";
    public const string Project = "lab";

    private readonly DockerDaemon _docker;
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-caps-").FullName;
    private readonly List<string> _containers = [];
    private readonly HttpClient _http = new();

    public CapsNode(DockerDaemon docker)
    {
        _docker = docker;
        Directory.CreateDirectory(State);
        CudaImage.Import(docker);
    }

    public FakeMachine Machine { get; } = FakeMachine.TwoA100();
    public string State => $"{_folder}/state";
    public string Runtime => $"{_folder}/run";
    public RunningProgram? Program { get; private set; }
    public int Port { get; } = RunningAgent.FreePort();

    private string PolicyFile => $"{_folder}/policy.yaml";

    public void Policy(string rest) => File.WriteAllText(PolicyFile, $"""
        apiVersion: headroom/v1
        mode: enforce
        {rest}
        """);

    public void Start(params string[] options) => Program = RunningAgent.Headroom(
    [
        "run", "--metrics-listen", $"127.0.0.1:{Port}", "--control-listen", "off", "--runtime-dir", Runtime, "--state-dir", State, "--policy", PolicyFile,
        "--docker", _docker.Socket, "--nvml", Machine.LibraryPath, "--tick", "100ms", "--guard-lease", "500ms", .. options,
    ]);

    public void KillAgent()
    {
        Shell.Run("kill", "-9", $"{Program!.Pid}");
        Program.Dispose();
        Program = null;
    }

    public RunningProgram StartGuard() => RunningAgent.Headroom(["guard", "--runtime-dir", Runtime, "--state-dir", State, "--docker", _docker.Socket]);

    /// <summary>A container of this service that waits for <see cref="Go"/>, then runs a program of the double.</summary>
    /// <param name="injected">Carries library and page.</param>
    public void Run(string service, string command, bool injected = true, params string[] options)
    {
        _containers.Add(service);
        var go = Directory.CreateDirectory($"{_folder}/go-{service}").FullName;
        string[] carried = injected
            ? ["-v", $"{CudaDouble.Library}:{PagePlaces.LibraryInContainer}:ro", "-v", $"{PageOf(service)}:{PagePlaces.PageInContainer}", "-e", $"LD_PRELOAD={PagePlaces.LibraryInContainer}"]
            : [];
        _docker.RunImage(Image, service,
        [
            "--label", $"com.docker.compose.project={Project}", "--label", $"com.docker.compose.service={service}", "--label", "headroom.enable=true",
            "-v", $"{Machine.Folder}/machine:/machine", "-e", "HEADROOM_MACHINE=/machine", "-v", "/proc:/hostproc:ro", "-v", $"{go}:/go", .. carried, .. options,
        ], "sh", "-c", $"while [ ! -e /go/now ]; do usleep 20000; done; {command}");
    }

    /// <param name="word">Of the file that the container waits for.</param>
    public void Go(string service, string word = "now") => File.WriteAllText($"{_folder}/go-{service}/{word}", "");

    public string PageOf(string service)
    {
        var path = PagePlaces.PageOf(State, Project, service);
        PageMaker.Create(path);
        return path;
    }

    public string[] Lines(string service) => _docker.Docker("logs", service).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public bool Said(string service, string what) => Lines(service).Any(line => line.Contains(what, StringComparison.Ordinal));

    /// <summary>Sends a signal to all its programs.</summary>
    public void Signal(string service, string signal) => _docker.Docker("exec", "-e", "LD_PRELOAD=", service, "killall", $"-{signal}", "greedy");

    /// <summary>The value of a series; null where there is none.</summary>
    public double? Metric(string series)
    {
        try
        {
            var line = _http.GetStringAsync(new Uri($"http://127.0.0.1:{Port}/metrics")).GetAwaiter().GetResult().Split('\n').FirstOrDefault(l => l.StartsWith(series, StringComparison.Ordinal));
            return line is null ? null : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public double? CapMiB(string workload) => Metric($"headroom_workload_gpu_memory_cap_in_force_bytes{{workload=\"{workload}\"") / (1 << 20);

    /// <summary>Waits; when it never comes true, tells what the agent and the containers have written.</summary>
    public void Until(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        try
        {
            Eventually.True(condition, TimeSpan.FromSeconds(30), what);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n--- agent\n{Program?.Output}\n{string.Join('\n', _containers.Select(c => $"--- {c}\n{string.Join('\n', Lines(c).TakeLast(8))}"))}");
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        Program?.Dispose();
        _docker.Remove([.. _containers]);
        Machine.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
