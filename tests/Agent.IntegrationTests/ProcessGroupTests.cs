using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests;

/// <summary>A server without Docker: programs of <c>headroom exec</c> are watched and held like containers.</summary>
[Collection(nameof(Node))]
public sealed class ProcessGroupTests : IDisposable
{
    private const string Held = "headroom_hold_active{workload=\"train\",lever=\"share\",rule=\"batchWindow\"}";
    private const long GiB = 1L << 30;

    private readonly FakeMachine _machine = FakeMachine.TwoA100();
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-groups-").FullName;
    private readonly List<RunningProgram> _programs = [];
    // What outlives its parent.
    private readonly List<int> _orphans = [];
    private readonly HttpClient _http = new();
    private readonly int _port = RunningAgent.FreePort();

    private string PolicyFile => $"{_folder}/policy.yaml";

    [Fact]
    public void A_plain_process_with_its_children_is_seen_by_name_held_at_a_share_and_given_back()
    {
        var train = Exec("train", "sh -c 'while :; do :; done' & while :; do :; done");
        var child = Eventually(() => Children(train.Pid).Cast<int?>().FirstOrDefault());
        _orphans.Add(child!.Value);
        var freezer = FreezerOf(train.Pid);
        // What it starts belongs to it: a child's memory is the group's.
        _machine.Gpu(0).Processes.Add(train.Pid, GiB);
        _machine.Gpu(0).Processes.Add(child.Value, 2 * GiB);
        _machine.Gpu(0).MemoryUsedBytes = 4 * GiB;
        Policy("throttle");
        Start();

        Until(() => Metric("headroom_workload_gpu_memory_used_bytes{workload=\"train\",gpu=\"0\"}") == 3 * GiB, "its memory under its name");
        Until(() => Metric(Held) == 1 && IsFrozen(freezer), "the share");
        Until(() => !IsFrozen(freezer), "its turn to run");

        Policy(null);
        Until(() => Metric(Held) is null && Enumerable.Range(0, 200).All(_ => !IsFrozen(freezer)), "all to be given back");
    }

    [Fact]
    public void When_the_agent_is_killed_the_guard_frees_the_group_without_any_Docker()
    {
        var train = Exec("train", "while :; do :; done");
        var freezer = FreezerOf(train.Pid);
        _machine.Gpu(0).Processes.Add(train.Pid, GiB);
        Policy("throttle");
        var agent = Start();
        Until(() => IsFrozen(freezer), "the share");

        Shell.Run("kill", "-9", $"{agent.Pid}");
        Until(() => agent.HasExited && Enumerable.Range(0, 200).All(_ => !IsFrozen(freezer)), "the job to run");
    }

    [Fact]
    public void What_only_Docker_can_do_is_refused_in_words()
    {
        var train = Exec("train", "while :; do :; done");
        _machine.Gpu(0).Processes.Add(train.Pid, GiB);
        Policy("stop");
        Start();
        Until(() => Metric("headroom_action_failures_total{step=\"take\",lever=\"stop\",rule=\"batchWindow\",mode=\"enforce\",result=\"refused\"}") >= 1, "the refusal");
        Assert.False(train.HasExited);
        Assert.Contains("it is a process group of `headroom exec`", _programs[^1].Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_to_a_server_on_the_hosts_network_closes_the_gate_of_the_batch_beside_it()
    {
        var port = RunningAgent.FreePort();
        var server = Exec("server", $"exec {ServerDouble.Program} serve {port} 5 {Environment.ProcessorCount - 1}");
        var train = Exec("train", "while :; do :; done");
        var freezer = FreezerOf(train.Pid);
        foreach (var pid in new[] { server.Pid, train.Pid })
            _machine.Gpu(0).Processes.Add(pid, GiB);
        _machine.Gpu(0).MemoryUsedBytes = 3 * GiB;
        File.WriteAllText(PolicyFile, $$"""
            apiVersion: headroom/v1
            mode: enforce
            limits: { maxHeld: 100% }
            workloads:
              - { name: server, match: { container: server }, priority: critical, ports: [{{port}}] }
              - { name: train, match: { container: train }, priority: batch, yields: gate }
            rules: { latencyGuard: off }
            """);
        Start();
        Until(() => Metric("headroom_hold_active{workload=\"train\",lever=\"gate\",rule=\"gate\"}") == 1, "the gate");
        Until(() => Enumerable.Range(0, 200).All(_ => !IsFrozen(freezer)), "the gate to be open while nobody asks");

        _programs.Add(new RunningProgram(ServerDouble.Program, ["load", $"http://127.0.0.1:{port}/generate", "4", "60", "1", "--keep-alive"]));
        Until(() => Metric("headroom_workload_gate_closures_total{workload=\"train\",via=\"freezer\"}") >= 3, "the gate to close by requests");
        Until(() => !IsFrozen(freezer), "the gate to open");
    }

    [Fact]
    public void A_name_that_runs_is_refused_and_one_that_has_ended_may_be_used_again()
    {
        var first = Exec("train", "exec sleep 1000");
        var second = Exec("train", "true", waits: false);
        Until(() => second.HasExited, "the second to end");
        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"train runs already (pid {first.Pid})", second.Output, StringComparison.Ordinal);

        var folder = Path.GetDirectoryName(FreezerOf(first.Pid, cell: false))!;
        first.Terminate(TimeSpan.FromSeconds(5));
        var third = Exec("train", "exec sleep 1000");
        Assert.NotEqual(folder, Path.GetDirectoryName(FreezerOf(third.Pid, cell: false)));
        Assert.False(Directory.Exists(folder), "its cgroup is removed");
        Assert.Single(Directory.GetFiles($"{_folder}/run/groups"));
    }

    [Theory]
    [InlineData("--name", "a b", "--", "true", 2, "\"a b\" is no workload's name")]
    [InlineData("--name", "train", "--label=priority", "true", 2, "--label priority: write KEY=VALUE")]
    [InlineData("--name", "train", "--", "no-such-program", 127, "no-such-program cannot be started: No such file or directory")]
    public void What_cannot_be_started_says_why(string first, string second, string third, string fourth, int code, string words)
    {
        var ended = RunningAgent.RunHeadroom("exec", "--runtime-dir", $"{_folder}/run", first, second, third, fourth);
        Assert.Equal((code, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(words, ended.Errors, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        // The agent first: nobody freezes what is to end.
        for (var i = _programs.Count - 1; i >= 0; i--)
            _programs[i].Dispose();
        foreach (var pid in _orphans)
            Shell.Try("kill", ["-9", $"{pid}"]);
        _http.Dispose();
        _machine.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <param name="waits">Until the program is there.</param>
    private RunningProgram Exec(string name, string script, bool waits = true)
    {
        var program = RunningAgent.Headroom(["exec", "--name", name, "--label", "headroom.priority=batch", "--runtime-dir", $"{_folder}/run", "--", "sh", "-c", script]);
        _programs.Add(program);
        if (waits)
            // For a moment after the fork it is still this test's own process by name and cgroup.
            Until(() => program.HasExited || (File.ReadAllText($"/proc/{program.Pid}/cgroup").Contains("/headroom-", StringComparison.Ordinal)
                && !File.ReadAllText($"/proc/{program.Pid}/cmdline").Contains("\0exec\0", StringComparison.Ordinal)), "the program");
        return program;
    }

    private RunningProgram Start()
    {
        _programs.Add(RunningAgent.Headroom(["guard", "--runtime-dir", $"{_folder}/run", "--state-dir", $"{_folder}/state"]));
        var agent = RunningAgent.Headroom(
        [
            "run", "--metrics-listen", $"127.0.0.1:{_port}", "--control-listen", "off", "--runtime-dir", $"{_folder}/run", "--state-dir", $"{_folder}/state", "--policy", PolicyFile,
            "--docker", "off", "--nvml", _machine.LibraryPath, "--tick", "100ms",
        ]);
        _programs.Add(agent);
        return agent;
    }

    private void Policy(string? outside) => File.WriteAllText(PolicyFile, $$"""
        apiVersion: headroom/v1
        mode: enforce
        limits: { maxHeld: 100%, breaker: { failures: 100, within: 10m } }
        windows:
          never: { cron: "0 0 29 2 *", duration: 1m, timeZone: UTC }
        rules:
          batchWindow: { every: 1s }
        workloads:
          - name: train
            match: { container: train }
            priority: batch
            share: { floor: 25% }
        {{(outside is null ? "" : $"    window: {{ name: never, outside: {outside} }}\n")}}
        """);

    private static IEnumerable<int> Children(int pid) =>
        File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Of our hand in its cgroup, or the group's own.</summary>
    private static string FreezerOf(int pid, bool cell = true)
    {
        var lines = File.ReadLines($"/proc/{pid}/cgroup").Select(line => line.Split(':', 3)).ToList();
        var first = lines.Find(parts => parts[1] == "freezer");
        var folder = first is not null ? $"/sys/fs/cgroup/freezer{first[2]}" : $"/sys/fs/cgroup{lines.Find(parts => parts[0] == "0")![2]}";
        return Path.Combine(folder, cell ? "headroom" : "", first is not null ? "freezer.state" : "cgroup.freeze");
    }

    private static bool IsFrozen(string file) => File.Exists(file) && File.ReadAllText(file).Trim() is "FROZEN" or "FREEZING" or "1";

    private double? Metric(string series) => Scraped()?[series];

    private Page? Scraped()
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

    private static T? Eventually<T>(Func<T?> value)
    {
        T? found = default;
        Testing.Eventually.True(() => (found = value()) is not null);
        return found;
    }

    private void Until(Func<bool> condition, string what)
    {
        try
        {
            Testing.Eventually.True(condition, TimeSpan.FromSeconds(30), what);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{Scraped()?.Text}\n{string.Join("\n--- \n", _programs.Select(p => p.Output))}");
        }
    }
}
