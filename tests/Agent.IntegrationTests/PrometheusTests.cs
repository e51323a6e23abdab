using System.Text.Json;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests;

/// <summary>A real Prometheus beside the agent.</summary>
[Collection(nameof(Node))]
public sealed class PrometheusTests(DockerDaemon docker)
{
    private const long MiB = 1024 * 1024;

    [Fact]
    public void Promtool_accepts_the_simulated_page_without_a_warning()
    {
        Requirements.Need("promtool");
        using var agent = new RunningAgent("--simulate");
        var page = agent.ScrapeUntil(
            p => p.Family("headroom_workload_latency_quantile_seconds").Any() && p.Family("headroom_gpu_utilization_ratio").Any(), "GPUs and latencies");
        var verdict = Shell.Try("promtool", ["check", "metrics"], page.Text);
        Assert.Equal((0, "", ""), (verdict.ExitCode, verdict.Output, verdict.Errors));
    }

    [Fact]
    public async Task Three_thousand_concurrent_scrapes_and_none_mixes_two_ticks()
    {
        using var machine = FakeMachine.TwoH100();
        docker.Run("mover");
        using var agent = new RunningAgent("--docker", docker.Socket, "--nvml", machine.LibraryPath, "--tick", "100ms");
        using var stop = new CancellationTokenSource();
        // Memory moves all the time, always as a whole: process and card in one step of the double.
        var pid = docker.Pids("mover")[0];
        var process = machine.Gpu(0).Processes.Add(pid, 0, sm: 10);
        var moving = Task.Run(() =>
        {
            for (var i = 1L; !stop.IsCancellationRequested; i++)
                (process.UsedBytes, machine.Gpu(0).MemoryUsedBytes) = (i % 1000 * MiB, 2000 * MiB);
        });

        var seen = new HashSet<double>();
        for (var round = 0; round < 2; round++)
        {
            var pages = await Task.WhenAll(Enumerable.Range(0, 3000).Select(_ => agent.ScrapeAsync()));
            foreach (var tick in pages.GroupBy(p => p["headroom_agent_snapshot_sequence"]))
            {
                seen.Add(tick.Key!.Value);
                Assert.Single(tick.Select(p => p.Text).Distinct()); // one tick, one page
            }
            Assert.All(pages, p => Assert.Equal(
                p["headroom_gpu_memory_used_bytes{gpu=\"0\"}"],
                p.Sum("headroom_workload_gpu_memory_used_bytes", "gpu=\"0\"") + p["headroom_gpu_memory_unattributed_bytes{gpu=\"0\"}"]));
        }
        Assert.True(seen.Count > 1, "the ticks went on meanwhile");
        await stop.CancelAsync();
        await moving;
        docker.Remove("mover");
    }

    [Fact]
    public void Prometheus_scrapes_for_a_while_without_an_error_and_a_vanished_container_goes_stale()
    {
        Requirements.Need("prometheus");
        using var machine = FakeMachine.OneH100();
        docker.Run("stays");
        docker.Run("goes");
        machine.Gpu(0).Processes.Add(docker.Pids("stays")[0], 100 * MiB, sm: 10);
        var going = machine.Gpu(0).Processes.Add(docker.Pids("goes")[0], 200 * MiB, sm: 20);
        machine.Gpu(0).MemoryUsedBytes = 300 * MiB;
        using var agent = new RunningAgent("--docker", docker.Socket, "--nvml", machine.LibraryPath);
        using var prometheus = new RunningPrometheus(agent.Port);
        Eventually.True(() => prometheus.Value("headroom_workload_gpu_memory_used_bytes{workload=\"goes\"}") == 200 * MiB, TimeSpan.FromSeconds(30), "the first scrapes");

        docker.Remove("goes");
        going.Remove();
        Eventually.True(() => prometheus.Value("headroom_workload_gpu_memory_used_bytes{workload=\"goes\"}") is null, TimeSpan.FromSeconds(10), "the series to go stale");
        // A whole minute of them with --full.
        var scrapes = Environment.GetEnvironmentVariable("HEADROOM_TEST_FULL") is { Length: > 0 } ? 60 : 25;
        Eventually.True(() => prometheus.Value("count_over_time(up{job=\"headroom\"}[5m])") >= scrapes, TimeSpan.FromSeconds(90), "that many scrapes");

        Assert.Equal(1, prometheus.Value("min_over_time(up{job=\"headroom\"}[5m])"));
        Assert.Equal(0, prometheus.Value("sum(prometheus_target_scrapes_sample_duplicate_timestamp_total)"));
        Assert.Equal(0, prometheus.Value("sum(prometheus_target_scrapes_sample_out_of_order_total)"));
        Assert.Equal(0, prometheus.Value("sum(prometheus_target_scrapes_sample_out_of_bounds_total)"));
        Assert.Equal(0, prometheus.Value(
            "max(max_over_time(abs(sum by (gpu) (headroom_gpu_memory_used_bytes) - sum by (gpu) (headroom_workload_gpu_memory_used_bytes)"
            + " - sum by (gpu) (headroom_gpu_memory_unattributed_bytes))[2m:1s]))"));
        docker.Remove("stays");
    }

    private sealed class RunningPrometheus : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("headroom-prometheus-").FullName;
        private readonly int _port = RunningAgent.FreePort();
        private readonly RunningProgram _program;
        private readonly HttpClient _http = new();

        public RunningPrometheus(int agentPort)
        {
            File.WriteAllText($"{_folder}/prometheus.yml", $$"""
                global: { scrape_interval: 1s, scrape_timeout: 1s }
                scrape_configs:
                  - job_name: headroom
                    static_configs: [ { targets: ["127.0.0.1:{{agentPort}}"] } ]
                  - job_name: prometheus
                    static_configs: [ { targets: ["127.0.0.1:{{_port}}"] } ]
                """);
            _program = new RunningProgram("prometheus",
                [$"--config.file={_folder}/prometheus.yml", $"--storage.tsdb.path={_folder}/data", $"--web.listen-address=127.0.0.1:{_port}"]);
            try
            {
                Eventually.True(() => TryGet("/-/ready") is not null, TimeSpan.FromSeconds(30), "Prometheus to be ready");
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException($"{e.Message}\n{_program.Output}");
            }
        }

        /// <summary>Of an instant query that gives one series; null when it gives none.</summary>
        public double? Value(string query)
        {
            using var answer = JsonDocument.Parse(TryGet($"/api/v1/query?query={Uri.EscapeDataString(query)}")!);
            var result = answer.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 0
                ? null
                : double.Parse(result[0].GetProperty("value")[1].GetString()!, System.Globalization.CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            _program.Dispose();
            _http.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private string? TryGet(string path)
        {
            try
            {
                return _http.GetStringAsync(new Uri($"http://127.0.0.1:{_port}{path}")).GetAwaiter().GetResult();
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
    }
}
