using System.Globalization;
using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Gates;

/// <summary>A server under traffic and batch work behind a gate, with agents that come and go; by default with ticks of 100 ms and a lease of half a second, so that tests are quick.</summary>
internal sealed class GateNode : IDisposable
{
    private readonly SharedCoreRig _rig;
    private readonly RunningLoad _load;
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-gate-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly int _port = RunningAgent.FreePort();

    /// <param name="work">What a request takes of the server, as tests/fakes/server/job.c has it.</param>
    /// <param name="rate">Requests a second.</param>
    public GateNode(DockerDaemon docker, string work, double rate)
    {
        _rig = new SharedCoreRig(docker, workMilliseconds: 20);
        _rig.StartBurners(1);
        Policy(gate: true);
        Guard = RunningAgent.Headroom(["guard", "--runtime-dir", $"{_folder}/run", "--state-dir", $"{_folder}/state", "--docker", docker.Socket]);
        _load = _rig.StartLoad($"generate?{work}", rate, TimeSpan.FromMinutes(10), seed: 1, "--keep-alive");
        var cgroup = File.ReadLines($"/proc/{docker.Pids(Batch)[0]}/cgroup").Select(line => line.Split(':', 3)).First(parts => parts[1] == "freezer")[2];
        Freezer = $"/sys/fs/cgroup/freezer{cgroup}/headroom/freezer.state";
    }

    public static string Batch => SharedCoreRig.Burner(0);
    public RunningProgram Guard { get; }
    public RunningProgram? Agent { get; private set; }
    /// <summary>Of our cell in the batch container's cgroup.</summary>
    public string Freezer { get; }

    public void Policy(bool gate) => File.WriteAllText(_rig.PolicyFile, $$"""
        apiVersion: headroom/v1
        mode: enforce
        limits: { maxHeld: 100%, breaker: { failures: 100, within: 10m } }
        workloads:
          - { name: server, match: { container: {{SharedCoreRig.Server}} }, priority: critical, ports: [{{SharedCoreRig.Port}}], metrics: { preset: vllm, port: {{SharedCoreRig.Port}} } }
          - { name: batch, match: { container: {{Batch}} }, priority: batch, yields: gate }
        rules: { latencyGuard: off, gate: {{(gate ? "{ maxClosed: 2s }" : "off")}} }
        """);

    public void Start(string tick = "100ms", string lease = "500ms")
    {
        Agent?.Dispose();
        Agent = RunningAgent.Headroom(
        [
            "run", "--metrics-listen", $"127.0.0.1:{_port}", "--control-listen", "off", "--runtime-dir", $"{_folder}/run", "--state-dir", $"{_folder}/state",
            .. _rig.AgentOptions, "--tick", tick, "--guard-lease", lease,
        ]);
    }

    public double? Metric(string series) => TryScrape()?[series];

    // Null while the agent does not listen yet, or is gone.
    private Page? TryScrape()
    {
        try
        {
            return new Page(_http.GetStringAsync(new Uri($"http://127.0.0.1:{_port}/metrics")).GetAwaiter().GetResult());
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Off the shared core, as on a server that has more than two.</summary>
    public void KeepOffTheCore()
    {
        SharedCoreRig.KeepOffTheCore(Agent!.Pid);
        SharedCoreRig.KeepOffTheCore(Guard.Pid);
    }

    /// <summary>Upper bound in seconds of this quantile of the times to close, as the agent's histogram tells; and how many there were.</summary>
    public (double Bound, double Count) TimeToClose(double quantile)
    {
        var buckets = (TryScrape()?.Family("headroom_workload_gate_close_seconds_bucket") ?? []).Select(s => (Bound: s.Series.Split("le=\"")[1].Split('"')[0], s.Value)).ToList();
        var count = buckets.Count == 0 ? 0 : buckets[^1].Value;
        return count == 0 ? (double.NaN, 0) : (buckets.Where(b => b.Value >= quantile * count).Select(b => b.Bound == "+Inf" ? double.PositiveInfinity : double.Parse(b.Bound, CultureInfo.InvariantCulture)).Min(), count);
    }

    /// <summary>Times that this agent has closed the gate.</summary>
    public double Closures => Metric($"headroom_workload_gate_closures_total{{workload=\"{Batch}\",via=\"freezer\"}}") ?? 0;

    public bool IsFrozen => File.Exists(Freezer) && File.ReadAllText(Freezer).StartsWith("FR", StringComparison.Ordinal);

    /// <param name="look">How often; where looking disturbs what is looked at.</param>
    public void Until(Func<bool> condition, string what, TimeSpan? within = null, TimeSpan? look = null)
    {
        try
        {
            Eventually.True(condition, within ?? TimeSpan.FromSeconds(20), what, look);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n--- agent\n{Agent?.Output}\n--- guard\n{Guard.Output}");
        }
    }

    public void Dispose()
    {
        Agent?.Dispose();
        Guard.Dispose();
        _load.Dispose();
        _rig.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
