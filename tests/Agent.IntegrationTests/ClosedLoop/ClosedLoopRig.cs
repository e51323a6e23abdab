using System.Globalization;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.ClosedLoop;

/// <summary>A model server and batch work that fight for one CPU core, which stands for the GPU; clients and the agent are on the other cores.
/// On the NVML double they share GPU 0, with the SM use that they really have of the core.</summary>
internal sealed class ClosedLoopRig : IDisposable
{
    public const string Server = "loop-server";
    /// <summary>CPU time of a request.</summary>
    public const int WorkMilliseconds = 50;
    /// <summary>Requests a second: a load of 0.5.</summary>
    public const double Rate = 10;

    private const string Image = "headroom-test/server:1";
    private const int Port = 8000;
    private const long GiB = 1L << 30;
    private static readonly int Core = Environment.ProcessorCount - 1;
    private static readonly string OtherCores = $"0-{Core - 1}";

    private readonly DockerDaemon _docker;
    private readonly FakeMachine _machine = FakeMachine.TwoA100();
    private readonly CoreMeter _meter = new(Core);
    private readonly CoreWeight _weight = new();
    private readonly List<string> _burners = [];
    private RunningAgent? _agent;
    private string? _url;

    public ClosedLoopRig(DockerDaemon docker)
    {
        Requirements.Need("gcc", "taskset");
        if (Environment.ProcessorCount < 2)
            throw new InvalidOperationException("one core is shared, and the clients need another: this machine has one");
        _docker = docker;
        try
        {
            ImportImage();
            StartServer();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public CoreMeter Meter => _meter;
    public IReadOnlyList<string> Burners => _burners;

    /// <summary>All at one moment, as a job with several workers starts.</summary>
    /// <param name="weight">Docker's <c>--cpu-shares</c>; the server has 1024.</param>
    public void StartBurners(int count, int weight = 1024)
    {
        string[] names = [.. Enumerable.Range(_burners.Count, count).Select(i => $"loop-burner-{i}")];
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
    public RunningAgent StartAgent(double slo)
    {
        var policy = Path.Combine(_machine.Folder, "policy.yaml");
        File.WriteAllText(policy, $$"""
            apiVersion: headroom/v1
            mode: enforce
            workloads:
              - name: server
                match: { container: {{Server}} }
                priority: critical
                slo: { p95: {{(slo * 1000).ToString("0", CultureInfo.InvariantCulture)}}ms }
                metrics: { preset: vllm, port: {{Port}} }
              - name: burners
                match: { label: "headroom.priority=batch" }
                priority: batch
                yields: share
                share: { floor: 10% }
            """);
        var agent = new RunningAgent("--docker", _docker.Socket, "--nvml", _machine.LibraryPath, "--policy", policy, "--tick", "1s");
        _agent = agent;
        KeepOffTheCore(agent.Program);
        KeepOffTheCore(agent.StartGuard(_docker.Socket));
        agent.ScrapeUntil(p => p[$"headroom_workload_requests_running{{workload=\"{Server}\"}}"] is not null, "the server's own figures");
        return agent;
    }

    /// <summary>Clients at <see cref="Rate"/>, until it is ended or the time is over.</summary>
    public RunningLoad StartLoad(TimeSpan atMost, int seed) =>
        new("taskset", ["-c", OtherCores, ServerDouble.Program, "load", _url!, Invariant(Rate), Invariant(atMost.TotalSeconds), $"{seed}"]);

    /// <summary>A whole load to its end.</summary>
    public Requests Load(TimeSpan length, int seed)
    {
        using var load = StartLoad(length, seed);
        return load.WaitForEnd(length + TimeSpan.FromSeconds(30));
    }

    public void Dispose()
    {
        _agent?.Dispose();
        _meter.Dispose();
        _docker.Remove([Server, .. _burners]);
        _weight.Dispose();
        _machine.Dispose();
    }

    private void StartServer()
    {
        _docker.RunImage(Image, Server, _weight.Options, "server", "serve", $"{Port}", $"{WorkMilliseconds}", $"{Core}");
        OnGpu(Server, 16 * GiB);
        var address = _docker.Docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", Server);
        _url = $"http://{address}:{Port}/generate";
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        Eventually.True(() => Answers(http, new Uri($"http://{address}:{Port}/health")), what: "the server to answer");
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

    // A thread that ends meanwhile makes taskset fail: all threads again then.
    private static void KeepOffTheCore(RunningProgram program) =>
        Eventually.True(() => Shell.Try("taskset", ["-a", "-p", "-c", OtherCores, $"{program.Pid}"]).ExitCode == 0, TimeSpan.FromSeconds(10), "the agent to keep to the other cores");

    private static string Invariant(double value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Clients at work.</summary>
internal sealed class RunningLoad(string program, IEnumerable<string> arguments) : IDisposable
{
    private readonly RunningProgram _program = new(program, arguments);

    /// <summary>Those that have ended until now.</summary>
    public Requests SoFar => Requests.Parse(_program.Output);

    public Requests WaitForEnd(TimeSpan within)
    {
        Eventually.True(() => _program.HasExited, within, "the load's end");
        return Ended();
    }

    /// <summary>Ends it now: what has no answer yet is told as waiting.</summary>
    public Requests Stop()
    {
        _program.Terminate(TimeSpan.FromSeconds(10));
        return Ended();
    }

    public void Dispose() => _program.Dispose();

    private Requests Ended() => _program.ExitCode == 0
        ? SoFar
        : throw new InvalidOperationException($"the load ended with {_program.ExitCode}: {_program.Output}");
}
