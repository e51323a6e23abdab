using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Acting;

/// <summary>A server where Headroom acts: agent, guard, one batch container <c>job</c> outside of its window, and a GPU double that shows its process.
/// What is held of the job is what the policy says of the time outside its window: <c>throttle</c>, <c>pause</c> or <c>stop</c>.</summary>
internal sealed class ActingNode : IDisposable
{
    public const string Job = "job";

    private readonly DockerDaemon _docker;
    private readonly FakeMachine _machine = FakeMachine.TwoA100();
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-acting-").FullName;
    private readonly List<string> _containers = [];
    private readonly HttpClient _http = new();
    private readonly string _dockerUri;

    public ActingNode(DockerDaemon docker, string? dockerUri = null)
    {
        _docker = docker;
        _dockerUri = dockerUri ?? docker.Socket;
        Directory.CreateDirectory(State);
    }

    public string State => $"{_folder}/state";
    public string Runtime => $"{_folder}/run";
    public RunningProgram? Guard { get; private set; }
    public RunningProgram? Program { get; private set; }

    /// <summary>SM use of each job, in percent. It does not fall while the job is held: for holds of more than some seconds it must be 0, or the agent
    /// finds, rightly, that its lever does nothing.</summary>
    public int Sm { get; init; }

    public FakeMachine Machine => _machine;

    private string PolicyFile => $"{_folder}/policy.yaml";

    /// <summary>A container that burns CPU, opted in as batch, and seen on GPU 0.</summary>
    public string StartJob(string name = Job, IEnumerable<string>? options = null, params string[] command)
    {
        _containers.Add(name);
        var id = _docker.Run(name, ["--cpuset-cpus", "0", "--stop-timeout", "2", .. options ?? []], command.Length > 0 ? command : ["sh", "-c", "trap 'exit 0' TERM; while :; do :; done"]);
        ShowOnGpu(name);
        return id;
    }

    public void ShowOnGpu(string name)
    {
        _machine.Gpu(0).Processes.Add(_docker.Pids(name)[0], 1 << 30, Sm);
        _machine.Gpu(0).MemoryUsedBytes = 4L << 30;
    }

    /// <summary>The job is outside of its window from now on, and must not run freely.</summary>
    /// <param name="outside"><c>throttle</c>, <c>pause</c> or <c>stop</c>; null: it has no window and is free.</param>
    public void Policy(string? outside, string mode = "enforce", string more = "") => File.WriteAllText(PolicyFile, $$"""
        apiVersion: headroom/v1
        mode: {{mode}}
        limits: { maxHeld: 100%, breaker: { failures: 100, within: 10m } }
        windows:
          never: { cron: "0 0 29 2 *", duration: 1m, timeZone: UTC }
        rules:
          batchWindow: { every: 1s }
        workloads:
          - name: job
            match: { container: {{Job}} }
            priority: batch
            share: { floor: 25% }
        {{(outside is null ? "" : $"    window: {{ name: never, outside: {outside} }}\n")}}{{more}}
        """);

    public void StartGuard() => Guard = RunningAgent.Headroom(
        ["guard", "--runtime-dir", Runtime, "--state-dir", State, "--docker", _dockerUri]);

    /// <summary>Agent and guard; ticks of 100 ms and a lease of half a second, so that tests are quick.</summary>
    /// <param name="crashAt">See HEADROOM_CRASH_AT.</param>
    /// <param name="options">More of <c>run</c>.</param>
    public void Start(string? crashAt = null, bool guard = true, params string[] options)
    {
        if (guard && Guard is null)
            StartGuard();
        Program = RunningAgent.Headroom(
            [
                "run", "--metrics-listen", $"127.0.0.1:{Port}", "--control-listen", "off", "--runtime-dir", Runtime, "--state-dir", State, "--policy", PolicyFile,
                "--docker", _dockerUri, "--nvml", _machine.LibraryPath, "--tick", "100ms", "--guard-lease", "500ms", .. options,
            ],
            crashAt is null ? null : new Dictionary<string, string> { ["HEADROOM_CRASH_AT"] = crashAt });
    }

    public int Port { get; } = RunningAgent.FreePort();

    /// <summary>A token for alerts, as an operator makes one.</summary>
    public string Token(string name)
    {
        var made = RunningAgent.RunHeadroom("token", "new", "--name", name, "--state-dir", State);
        return made.ExitCode == 0 ? made.Output.Trim() : throw new InvalidOperationException(made.Errors);
    }

    /// <summary>Part of one core that the container gets, over half a second of wall time.</summary>
    public double Share(string name = Job)
    {
        var id = _docker.Docker("inspect", "-f", "{{.Id}}", name);
        var (cpu, clock) = (CpuNanoseconds(id), Stopwatch.StartNew());
        // Not a wait for something: the time over which is measured.
        Eventually.True(() => clock.Elapsed > TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5), "half a second");
        return (CpuNanoseconds(id) - cpu) / clock.Elapsed.TotalNanoseconds;
    }

    private static double CpuNanoseconds(string id) =>
        double.Parse(File.ReadAllText($"/sys/fs/cgroup/cpuacct/docker/{id}/cpuacct.usage"), CultureInfo.InvariantCulture);

    /// <summary>Of our hand: THAWED also where it never froze anything.</summary>
    public string FreezerState(string name = Job)
    {
        var file = $"/sys/fs/cgroup/freezer/docker/{_docker.Docker("inspect", "-f", "{{.Id}}", name)}/headroom/freezer.state";
        return File.Exists(file) ? File.ReadAllText(file).Trim() : "THAWED";
    }

    public string DockerState(string name = Job) => _docker.Docker("inspect", "-f", "{{.State.Status}}", name);

    public string StartedAt(string name = Job) => _docker.Docker("inspect", "-f", "{{.State.StartedAt}}", name);

    /// <summary>Waits; when it never comes true, tells what agent and guard have written.</summary>
    public void Until(Func<bool> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        try
        {
            Eventually.True(condition, within, what);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n--- agent\n{Program?.Output}\n--- guard\n{Guard?.Output}");
        }
    }

    /// <summary>Whether the agent's page has a line that begins so.</summary>
    public bool Metric(string start)
    {
        try
        {
            return _http.GetStringAsync(new Uri($"http://127.0.0.1:{Port}/metrics")).GetAwaiter().GetResult().Split('\n').Any(line => line.StartsWith(start, StringComparison.Ordinal));
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Ends agent and guard.</summary>
    public void EndAll()
    {
        Program?.Dispose();
        Guard?.Dispose();
        (Program, Guard) = (null, null);
    }

    public void Dispose()
    {
        _http.Dispose();
        EndAll();
        _docker.Remove([.. _containers]);
        _machine.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
