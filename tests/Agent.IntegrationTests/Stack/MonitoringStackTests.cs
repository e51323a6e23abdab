using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Stack;

/// <summary>The monitoring stack, really started from its compose file.</summary>
[Collection(nameof(StackNode))]
public sealed class MonitoringStackTests(StackDaemon node)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task All_is_scraped_rules_are_loaded_and_alerts_reach_people_and_the_agent()
    {
        await using var stack = await MonitoringStack.StartAsync(node.Docker);
        var prometheus = stack.Prometheus;
        stack.Until(() => prometheus.Query("up == 1").Count == 3, Patience, "all three targets to be up");
        Assert.Equal(["alertmanager", "headroom", "prometheus"], prometheus.Query("up").Select(t => t.Labels["job"]).Order());
        Assert.Equal("this-server", Assert.Single(prometheus.Query("headroom_agent_info")).Labels["instance"]);

        // Each file of rules is there, and each rule was evaluated without an error.
        stack.Until(() => Rules(prometheus).All(rule => rule.Health == "ok"), Patience, "all rules to be evaluated");
        Assert.Equal(stack.RuleFiles, prometheus.Get("/api/v1/rules")!.Value.GetProperty("groups").EnumerateArray().Select(g => g.GetProperty("file").GetString()).Distinct().Count());

        // The agent in its container sees a process of the host on its GPU, and whose it is.
        stack.Until(() => prometheus.Value("headroom_source_up{source=\"gpus\"}") == 1, Patience, "the GPUs to be read");
        var id = node.Docker.Run(MonitoringStack.Job, ["--cpuset-cpus", "0"], "sh", "-c", "while :; do :; done");
        try
        {
            stack.Machine.Gpu(0).Processes.Add(node.Docker.Pids(MonitoringStack.Job)[0], 1 << 30, sm: 0);
            stack.Machine.Gpu(0).MemoryUsedBytes = 2L << 30;
            // The rights that it has are enough to hold: shares by the freezer, since the job is outside of its window.
            stack.Until(() => IsFrozen(id), Patience, "the job to be held");
            stack.Until(() => prometheus.Value($"headroom_hold_active{{workload=\"{MonitoringStack.Job}\",lever=\"share\"}}") == 1, Patience, "the hold to be told");
            Assert.Equal(1L << 30, prometheus.Value($"headroom_workload_gpu_memory_used_bytes{{workload=\"{MonitoringStack.Job}\"}}"));

            // Alertmanager's notifications: one to people, each renewal to the agent, which takes them by the token that prepare made.
            stack.Until(() => stack.Heard.Any(text => text.Contains($"\"{MonitoringStack.Alert}\"", StringComparison.Ordinal)), Patience, "people to hear");
            stack.Until(() => prometheus.Value("headroom_alert_notifications_total{result=\"taken\"}") > 3, Patience, "the agent to hear again and again");
            Assert.Equal(0, prometheus.Value("headroom_alert_notifications_total{result=\"refused\"}"));
            Assert.Equal(1, prometheus.Value($"headroom_alerts_firing{{alertname=\"{MonitoringStack.Alert}\"}}"));
            Assert.DoesNotContain(stack.Heard, text => text.Contains("HeadroomDeadMansSwitch", StringComparison.Ordinal));

            // A second `up` keeps the secrets, and who reads them can.
            var token = Secret(stack, "alertmanager", "/secrets/headroom.token");
            stack.Compose.Run("up", "-d", "prepare");
            Assert.Equal(token, Secret(stack, "alertmanager", "/secrets/headroom.token"));
            Assert.StartsWith("hr_", token, StringComparison.Ordinal);
            Assert.Equal("-rw------- 65534", Shell.Run("sh", "-c", $"stat -c '%A %u' {Mounted("headroom_alertmanager-secrets")}/headroom.token"));
            Assert.Equal("-rw------- 472", Shell.Run("sh", "-c", $"stat -c '%A %u' {Mounted("headroom_grafana-secrets")}/admin-password"));
            foreach (var service in (string[])["guard", "agent", "prometheus", "alertmanager"])
                stack.Until(() => stack.Compose.Health(service) == "healthy", Patience, $"{service} to be healthy");

            // The agent is gone in the middle of a hold: its guard, in its own container, gives back, and Docker starts the agent anew.
            var agent = stack.Compose.Container("agent");
            var pid = node.Docker.Docker("inspect", "-f", "{{.State.Pid}}", agent);
            Shell.Run("kill", "-KILL", pid);
            stack.Until(() => stack.Compose.Logs("guard").Contains("given back", StringComparison.Ordinal), Patience, "the guard to give back");
            stack.Until(() => node.Docker.Docker("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", agent) is var now
                && now.StartsWith("true", StringComparison.Ordinal) && now != $"true {pid}", Patience, "Docker to start the agent anew");
            stack.Until(() => prometheus.Value("time() - headroom_agent_start_timestamp_seconds < 60") is not null && prometheus.Value("headroom_act_limited") == 0,
                Patience, "the new agent to act");
        }
        finally
        {
            node.Docker.Remove(MonitoringStack.Job);
        }
    }

    private static IEnumerable<(string Name, string Health)> Rules(PrometheusApi prometheus) =>
        prometheus.Get("/api/v1/rules") is { } data && data.GetProperty("groups").GetArrayLength() > 0
            ? data.GetProperty("groups").EnumerateArray().SelectMany(g => g.GetProperty("rules").EnumerateArray()).Select(r => (r.GetProperty("name").GetString()!, r.GetProperty("health").GetString()!))
            : [("none", "unknown")];

    private static bool IsFrozen(string id)
    {
        var file = $"/sys/fs/cgroup/freezer/docker/{id}/headroom/freezer.state";
        return File.Exists(file) && Enumerable.Range(0, 100).Any(_ => File.ReadAllText(file).Trim() == "FROZEN");
    }

    private static string Secret(MonitoringStack stack, string service, string path) => stack.Compose.Run("exec", "-T", service, "cat", path).Trim();

    private string Mounted(string volume) => node.Docker.Docker("volume", "inspect", "-f", "{{.Mountpoint}}", volume);
}
