using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests;

/// <summary>The agent on real containers; the GPU is the NVML double, which reports the containers' real processes.</summary>
[Collection(nameof(PatientNode))]
public sealed class ContainersTests(DockerDaemon docker) : IDisposable
{
    private const long MiB = 1024 * 1024;
    private readonly FakeMachine _machine = FakeMachine.TwoA100();
    private readonly List<string> _started = [];

    public void Dispose()
    {
        docker.Remove([.. _started]);
        _machine.Dispose();
    }

    private void Run(string name, IEnumerable<string>? options = null, params string[] command)
    {
        _started.Add(name);
        docker.Run(name, options, command);
    }

    private RunningAgent Agent(params string[] more) => new(["--docker", docker.Socket, "--nvml", _machine.LibraryPath, "--tick", "200ms", .. more]);

    private static void AssertSums(Page page)
    {
        foreach (var gpu in new[] { "0", "1" })
            if (page[$"headroom_gpu_memory_used_bytes{{gpu=\"{gpu}\"}}"] is { } used)
                Assert.Equal(used, page.Sum("headroom_workload_gpu_memory_used_bytes", $"gpu=\"{gpu}\"")
                    + page[$"headroom_gpu_memory_unattributed_bytes{{gpu=\"{gpu}\"}}"]);
    }

    [Fact]
    public void VRAM_and_SM_use_appear_under_the_right_container_children_included_and_move_when_it_is_replaced_under_its_name()
    {
        Run("recommender", ["--label", "com.docker.compose.project=prod", "--label", "com.docker.compose.service=reco", "--label", "com.docker.compose.container-number=1"],
            "sh", "-c", "busybox sleep 3600 & busybox sleep 3600; :");
        Run("batch");
        Eventually.True(() => docker.Pids("recommender").Count == 3);
        var processes = _machine.Gpu(0).Processes;
        foreach (var pid in docker.Pids("recommender"))
            processes.Add(pid, 1000 * MiB, sm: 10);
        processes.Add(docker.Pids("batch")[0], 500 * MiB, sm: 60);
        processes.Add(Environment.ProcessId, 200 * MiB); // of the host, no container
        _machine.Gpu(0).MemoryUsedBytes = 4000 * MiB;
        using var agent = Agent();

        var page = agent.ScrapeUntil(
            p => p["headroom_workload_gpu_memory_used_bytes{workload=\"reco\",gpu=\"0\"}"] == 3000 * MiB, "the recommender's three processes");
        AssertSums(page);
        Assert.Equal(500 * MiB, page["headroom_workload_gpu_memory_used_bytes{workload=\"batch\",gpu=\"0\"}"]);
        Assert.Equal(500 * MiB, page["headroom_gpu_memory_unattributed_bytes{gpu=\"0\"}"]);
        Assert.Equal(3, page["headroom_workload_gpu_processes{workload=\"reco\",gpu=\"0\"}"]);
        Assert.Equal(0.3, page["headroom_workload_sm_utilization_ratio{workload=\"reco\",gpu=\"0\"}"]!.Value, 6);
        Assert.Equal(0.6, page["headroom_workload_sm_utilization_ratio{workload=\"batch\",gpu=\"0\"}"]!.Value, 6);

        // The same name, another container, on the other GPU; every page on the way must add up.
        docker.Remove("batch");
        processes.Remove(processes.Single(p => p.UsedBytes == 500 * MiB).Pid);
        docker.Run("batch");
        _machine.Gpu(1).Processes.Add(docker.Pids("batch")[0], 700 * MiB, sm: 80);
        _machine.Gpu(1).MemoryUsedBytes = 900 * MiB;
        page = agent.ScrapeUntil(p =>
        {
            AssertSums(p);
            return p["headroom_workload_gpu_memory_used_bytes{workload=\"batch\",gpu=\"1\"}"] == 700 * MiB;
        }, "the new container's memory under the old name");
        Assert.Null(page["headroom_workload_gpu_memory_used_bytes{workload=\"batch\",gpu=\"0\"}"]);
        Assert.Contains(page.Family("headroom_workload_info"), s =>
            s.Series.Contains("workload=\"batch\"", StringComparison.Ordinal)
            && s.Series.Contains(docker.Docker("inspect", "-f", "{{.Id}}", "batch")[..12], StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_on_the_containers_own_address_and_one_on_its_loopback_are_both_read()
    {
        Run("open", ["--label", "headroom.metrics=vllm", "--label", "headroom.metrics.port=8000", "--label", "headroom.slo.p95=2s"], "sh", "-c", Metrics.ServeVllm("8000"));
        Run("shut", ["--label", "headroom.metrics=vllm", "--label", "headroom.metrics.port=8000", "--label", "headroom.slo.p95=2s"], "sh", "-c", Metrics.ServeVllm("127.0.0.1:8000"));
        Run("host", ["--network", "host", "--label", "headroom.metrics=vllm", "--label", $"headroom.metrics.port={_hostPort}", "--label", "headroom.slo.p95=2s"],
            "sh", "-c", Metrics.ServeVllm($"127.0.0.1:{_hostPort}"));
        using var agent = Agent();

        var page = agent.ScrapeUntil(
            p => new[] { "open", "shut", "host" }.All(w => p[$"headroom_workload_requests_running{{workload=\"{w}\"}}"] == 3), "three servers read");

        Assert.Equal(10, page["headroom_workload_latency_seconds_count{workload=\"shut\",signal=\"e2e\"}"]);
    }

    private readonly int _hostPort = RunningAgent.FreePort();

    [Fact]
    public void Docker_goes_away_and_comes_back_and_who_is_on_the_GPU_stays_known()
    {
        Run("chat");
        _machine.Gpu(0).Processes.Add(docker.Pids("chat")[0], 100 * MiB, sm: 5);
        _machine.Gpu(0).MemoryUsedBytes = 100 * MiB;
        using var agent = Agent();
        const string Chat = "headroom_workload_gpu_memory_used_bytes{workload=\"chat\",gpu=\"0\"}";
        agent.ScrapeUntil(p => p[Chat] == 100 * MiB, "the container's memory");

        docker.Stop();
        try
        {
            var page = agent.ScrapeUntil(p => p["headroom_source_up{source=\"containers\"}"] == 0, "the agent to notice", TimeSpan.FromSeconds(40));
            Assert.Equal(100 * MiB, page[Chat]);
            Assert.Equal(1, page["headroom_source_up{source=\"gpus\"}"]);
        }
        finally
        {
            docker.Start();
        }
        var back = agent.ScrapeUntil(p => p["headroom_source_up{source=\"containers\"}"] == 1, "the agent to find Docker again", TimeSpan.FromSeconds(40));
        Assert.Equal(100 * MiB, back[Chat]);
        Assert.Equal(1, back["headroom_workload_container_state{workload=\"chat\",state=\"running\"}"]);
    }

    [Fact]
    public void A_pause_a_rename_and_an_end_are_seen_at_once()
    {
        Run("job", ["--label", "headroom.enable=true"]);
        using var agent = Agent();
        agent.ScrapeUntil(p => p["headroom_workload_container_state{workload=\"job\",state=\"running\"}"] == 1, "the container");
        docker.Docker("pause", "job");
        agent.ScrapeUntil(p => p["headroom_workload_container_state{workload=\"job\",state=\"paused\"}"] == 1, "the pause");
        docker.Docker("unpause", "job");
        docker.Docker("rename", "job", "job-renamed");
        _started.Add("job-renamed");
        agent.ScrapeUntil(p => p["headroom_workload_container_state{workload=\"job-renamed\",state=\"running\"}"] == 1, "the new name");
        docker.Docker("kill", "job-renamed");
        agent.ScrapeUntil(p => p["headroom_workload_container_state{workload=\"job-renamed\",state=\"exited\"}"] == 1, "the end");
    }
}
