using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Stack;

/// <summary>The monitoring stack, really started from its compose file. One for all tests, whose order does not matter.</summary>
[Collection(nameof(StackNode))]
public sealed class MonitoringStackTests(StackDaemon node, MonitoringStack stack) : IClassFixture<MonitoringStack>
{
    [Fact]
    public void Every_target_is_scraped_and_every_rule_evaluated()
    {
        stack.Until(() => stack.Prometheus.Query("up == 1").Count == 3, "all three targets to be up");
        Assert.Equal(["alertmanager", "headroom", "prometheus"], stack.Prometheus.Query("up").Select(t => t.Labels["job"]).Order());
        stack.Until(() => stack.Prometheus.Query("headroom_agent_info").Count == 1, "the agent's page");
        Assert.Equal("this-server", Assert.Single(stack.Prometheus.Query("headroom_agent_info")).Labels["instance"]);
        stack.Until(() => Rules().All(rule => rule.Health == "ok"), "all rules to be evaluated");
        Assert.Equal(stack.RuleFiles, Groups().Select(g => g.GetProperty("file").GetString()).Distinct().Count());
    }

    [Fact]
    public void An_alert_reaches_people_and_again_and_again_the_agent_and_the_dead_mans_switch_only_who_waits_for_it()
    {
        stack.Until(() => stack.Heard.Any(text => text.Contains($"\"{MonitoringStack.Alert}\"", StringComparison.Ordinal)), "people to hear");
        stack.Until(() => Told("taken") > 3, "the agent to hear");
        Assert.Equal(0, Told("refused"));
        stack.Until(() => stack.Prometheus.Value($"headroom_alerts_firing{{alertname=\"{MonitoringStack.Alert}\"}}") == 1, "the agent to name it");
        Assert.DoesNotContain(stack.Heard, text => text.Contains("HeadroomDeadMansSwitch", StringComparison.Ordinal));
    }

    [Fact]
    public void The_rights_that_are_stated_are_enough_to_enter_a_network_namespace_and_to_watch_its_packets()
    {
        // It answers only on its own loopback.
        node.Docker.Run("stack-vip", ["--label", "headroom.enable=true", "--label", "headroom.priority=critical", "--label", "headroom.slo.p95=1s", "--label", "headroom.metrics=vllm", "--label", "headroom.metrics.port=8000"],
            "sh", "-c", Metrics.ServeVllm("127.0.0.1:8000"));
        node.Docker.Run("stack-yields", ["--label", "headroom.enable=true", "--label", "headroom.priority=batch", "--label", "headroom.yields=gate"]);
        var processes = ((string[])["stack-vip", "stack-yields"]).Select(name => stack.Machine.Gpu(0).Processes.Add(node.Docker.Pids(name)[0], 1 << 30, sm: 0)).ToList();
        try
        {
            stack.Until(() => stack.Prometheus.Value("headroom_workload_latency_up{workload=\"stack-vip\"}") == 1, "its latency to be read");
            stack.Until(() => stack.Prometheus.Value("headroom_workload_in_flight{workload=\"stack-vip\"}") is not null, "its requests in flight to be known");
        }
        finally
        {
            foreach (var process in processes)
                process.Remove();
            node.Docker.Remove("stack-vip", "stack-yields");
        }
    }

    [Fact]
    public void The_rights_that_are_stated_are_enough_to_see_and_to_hold_and_the_guard_gives_back_when_the_agent_is_killed()
    {
        stack.Until(() => stack.Prometheus.Value("headroom_source_up{source=\"gpus\"}") == 1, "the GPUs to be read");
        var id = node.Docker.Run(MonitoringStack.Job, ["--cpuset-cpus", "0"], "sh", "-c", "while :; do :; done");
        try
        {
            var process = stack.Machine.Gpu(0).Processes.Add(node.Docker.Pids(MonitoringStack.Job)[0], 1 << 30, sm: 0);
            stack.Machine.Gpu(0).MemoryUsedBytes = 2L << 30;
            stack.Until(() => stack.Prometheus.Value($"headroom_workload_gpu_memory_used_bytes{{workload=\"{MonitoringStack.Job}\"}}") == 1L << 30, "a process of the host to be known as the job's");
            stack.Until(() => IsFrozen(id), "the job to be held, by the freezer");
            stack.Until(() => stack.Prometheus.Value($"headroom_hold_active{{workload=\"{MonitoringStack.Job}\",lever=\"share\"}}") == 1, "the hold to be told");

            var agent = stack.Compose.Container("agent");
            var pid = node.Docker.Docker("inspect", "-f", "{{.State.Pid}}", agent);
            Shell.Run("kill", "-KILL", pid);
            stack.Until(() => stack.Compose.Logs("guard").Contains("given back", StringComparison.Ordinal), "the guard to give back");
            stack.Until(() => node.Docker.Docker("inspect", "-f", "{{.State.Pid}}", agent) is var now && now != "0" && now != pid, "Docker to start the agent anew");
            stack.Until(() => stack.Prometheus.Value("headroom_agent_ticks_total < 60") is not null && stack.Prometheus.Value("headroom_act_limited") == 0, "the new agent to act");
            process.Remove();
        }
        finally
        {
            node.Docker.Remove(MonitoringStack.Job);
        }
    }

    [Fact]
    public void Secrets_belong_to_who_reads_them_and_a_second_up_keeps_them()
    {
        stack.Until(() => stack.Compose.Run("ps", "-q", "--status", "running", "alertmanager").Length > 0, "Alertmanager to run");
        var token = Token();
        Assert.StartsWith("hr_", token, StringComparison.Ordinal);
        stack.Compose.Run("up", "-d", "prepare");
        stack.Until(() => node.Docker.Docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", stack.Compose.Container("prepare")) == "exited 0", "prepare to end");
        Assert.Equal(token, Token());
        Assert.Equal("-rw------- 65534", Owner("headroom_alertmanager-secrets", "headroom.token"));
        Assert.Equal("-rw------- 472", Owner("headroom_grafana-secrets", "admin-password"));
        Assert.DoesNotContain(token, stack.Compose.Logs(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("guard")]
    [InlineData("agent")]
    [InlineData("prometheus")]
    [InlineData("alertmanager")]
    public void It_becomes_healthy(string service) => stack.Until(() => stack.Compose.Health(service) == "healthy", $"{service} to be healthy");

    private double? Told(string result) => stack.Prometheus.Value($"headroom_alert_notifications_total{{result=\"{result}\"}}");

    private List<System.Text.Json.JsonElement> Groups() => stack.Prometheus.Get("/api/v1/rules") is { } data ? [.. data.GetProperty("groups").EnumerateArray()] : [];

    private List<(string Name, string Health)> Rules() =>
        Groups().SelectMany(g => g.GetProperty("rules").EnumerateArray()).Select(r => (r.GetProperty("name").GetString()!, r.GetProperty("health").GetString()!)).DefaultIfEmpty(("none", "unknown")).ToList();

    private static bool IsFrozen(string id)
    {
        var file = $"/sys/fs/cgroup/freezer/docker/{id}/headroom/freezer.state";
        return File.Exists(file) && Enumerable.Range(0, 100).Any(_ => File.ReadAllText(file).Trim() == "FROZEN");
    }

    private string Token() => stack.Compose.Run("exec", "-T", "alertmanager", "cat", "/secrets/headroom.token").Trim();

    private string Owner(string volume, string file) => Shell.Run("stat", "-c", "%A %u", $"{node.Docker.Docker("volume", "inspect", "-f", "{{.Mountpoint}}", volume)}/{file}");
}
