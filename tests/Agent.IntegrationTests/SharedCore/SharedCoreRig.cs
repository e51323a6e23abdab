using System.Globalization;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.SharedCore;

/// <summary>A model server and batch work that fight for one CPU core, which stands for the GPU; clients and the agent are on the other cores.
/// On the NVML double they share GPU 0, with the SM use that they really have of the core.</summary>
internal sealed class SharedCoreRig : IDisposable
{
    public const string Server = "core-server";
    public const int Port = 8000;

    private const string Image = "headroom-test/server:1";
    private const long GiB = 1L << 30;
    private static readonly int Core = Environment.ProcessorCount - 1;

    private readonly DockerDaemon _docker;
    private readonly FakeMachine _machine = FakeMachine.TwoA100();
    private readonly CoreMeter _meter = new(Core);
    private readonly CoreWeight _weight = new();
    private readonly List<string> _burners = [];
    private RunningAgent? _agent;
    private string? _url;

    /// <param name="workMilliseconds">CPU time of a request that does not say how much.</param>
    public SharedCoreRig(DockerDaemon docker, int workMilliseconds)
    {
        Requirements.Need("gcc", "taskset");
        if (Environment.ProcessorCount < 2)
            throw new InvalidOperationException("one core is shared, and the clients need another: this machine has one");
        _docker = docker;
        try
        {
            ImportImage();
            StartServer(workMilliseconds);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Those that are not shared, as taskset names them.</summary>
    public static string OtherCores => $"0-{Core - 1}";

    public CoreMeter Meter => _meter;
    public IReadOnlyList<string> Burners => _burners;

    public static string Burner(int index) => $"core-burner-{index}";

    /// <summary>All at one moment, as a job with several workers starts.</summary>
    /// <param name="weight">Docker's <c>--cpu-shares</c>; the server has 1024.</param>
    public void StartBurners(int count, int weight = 1024)
    {
        string[] names = [.. Enumerable.Range(_burners.Count, count).Select(Burner)];
        _burners.AddRange(names);
        foreach (var name in names)
            _docker.Docker([
                "create", "--name", name, .. _weight.Options, "--cpuset-cpus", $"{Core}", "--cpu-shares", $"{weight}", "--label", "headroom.enable=true",
                "--label", "headroom.priority=batch", Image, "server", "burn", "1"]);
        _docker.Docker(["start", .. names]);
        foreach (var name in names)
            OnGpu(name, 4 * GiB);
    }

    /// <summary>The agent with its guard, both off the shared core.</summary>
    /// <param name="options">Further ones of <c>run</c>.</param>
    public RunningAgent StartAgent(string policy, params string[] options)
    {
        File.WriteAllText(PolicyFile, policy);
        var agent = new RunningAgent([.. AgentOptions, .. options.Length > 0 ? options : ["--tick", "1s"]]);
        _agent = agent;
        KeepOffTheCore(agent.Program.Pid);
        KeepOffTheCore(agent.StartGuard(_docker.Socket).Pid);
        agent.ScrapeUntil(p => p[$"headroom_workload_requests_running{{workload=\"{Server}\"}}"] is not null, "the server's own figures");
        return agent;
    }

    public string PolicyFile => Path.Combine(_machine.Folder, "policy.yaml");

    /// <summary>What every agent on this server needs.</summary>
    public string[] AgentOptions => ["--docker", _docker.Socket, "--nvml", _machine.LibraryPath, "--policy", PolicyFile];

    /// <summary>Clients, until they are ended or the time is over.</summary>
    /// <param name="path">What they ask for, without the first slash.</param>
    /// <param name="rate">Requests a second.</param>
    /// <param name="options">Further ones of <c>server load</c>.</param>
    public RunningLoad StartLoad(string path, double rate, TimeSpan atMost, int seed, params string[] options) =>
        new("taskset", ["-c", OtherCores, ServerDouble.Program, "load", $"{_url}/{path}", Invariant(rate), Invariant(atMost.TotalSeconds), $"{seed}", .. options]);

    public void Dispose()
    {
        _agent?.Dispose();
        _meter.Dispose();
        _docker.Remove([Server, .. _burners]);
        _weight.Dispose();
        _machine.Dispose();
    }

    // A thread that ends meanwhile makes taskset fail: all threads again then.
    public static void KeepOffTheCore(int pid) =>
        Eventually.True(() => Shell.Try("taskset", ["-a", "-p", "-c", OtherCores, $"{pid}"]).ExitCode == 0, TimeSpan.FromSeconds(10), $"process {pid} to keep to the other cores");

    private void StartServer(int workMilliseconds)
    {
        _docker.RunImage(Image, Server, _weight.Options, "server", "serve", $"{Port}", $"{workMilliseconds}", $"{Core}");
        OnGpu(Server, 16 * GiB);
        var address = _docker.Docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", Server);
        _url = $"http://{address}:{Port}";
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        Eventually.True(() => Answers(http, new Uri($"{_url}/health")), what: "the server to answer");
    }

    private static bool Answers(HttpClient http, Uri uri)
    {
        try
        {
            return http.Send(new HttpRequestMessage(HttpMethod.Get, uri)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void OnGpu(string container, long bytes)
    {
        var pid = _docker.Pids(container)[0];
        var gpu = _machine.Gpu(0);
        _meter.Watch(container, pid, gpu.Processes.Add(pid, bytes));
        gpu.MemoryUsedBytes += bytes;
    }

    private void ImportImage()
    {
        if (_docker.Docker("images", "-q", Image).Length > 0)
            return;
        var folder = Directory.CreateTempSubdirectory("headroom-server-image-").FullName;
        try
        {
            Directory.CreateDirectory($"{folder}/bin");
            File.Copy(ServerDouble.Program, $"{folder}/bin/server");
            _docker.Import(Image, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Invariant(double value) => value.ToString(CultureInfo.InvariantCulture);
}
