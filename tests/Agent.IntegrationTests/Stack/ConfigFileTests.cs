using System.Text.RegularExpressions;
using Headroom.IntegrationTests.Installing;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Stack;

/// <summary>Configurations of Prometheus and Alertmanager, judged by their own tools.</summary>
public sealed partial class ConfigFileTests
{
    private const string Alertmanager = "deploy/alertmanager/alertmanager.yml";

    [Fact]
    public void Alertmanager_takes_every_configuration()
    {
        Requirements.Need("amtool");
        foreach (var file in Directory.GetFiles(Server.Repository("deploy/alertmanager"), "*.yml", SearchOption.AllDirectories))
            Shell.Run("amtool", "check-config", file);
    }

    [Fact]
    public void Prometheus_takes_every_configuration()
    {
        Requirements.Need("promtool");
        // Only the grammar: files of secrets and rules are elsewhere.
        foreach (var file in (string[])["deploy/prometheus/prometheus.yml", "deploy/prometheus/examples/docker-sd.yml", "deploy/demo/prometheus.yml"])
            Shell.Run("promtool", "check", "config", "--syntax-only", Server.Repository(file));
        Shell.Run("promtool", "check", "config", "--agent", "--syntax-only", Server.Repository("deploy/prometheus/examples/remote-write.yml"));
    }

    [Theory]
    [InlineData(Alertmanager, "HeadroomDeadMansSwitch", "info", "dead-mans-switch")]
    [InlineData(Alertmanager, "HeadroomGpuLost", "critical", "headroom,urgent")]
    [InlineData(Alertmanager, "HeadroomHoldTooLong", "warning", "headroom,people")]
    [InlineData(Alertmanager, "HeadroomFragmentation", "info", "headroom,people")]
    [InlineData(Alertmanager, "vip-slow", "page", "headroom,urgent")]
    [InlineData(Alertmanager, "SomebodysOwn", "", "headroom,people")]
    [InlineData("deploy/alertmanager/headroom-route.yml", "vip-slow", "page", "headroom,default")]
    [InlineData("deploy/alertmanager/headroom-route.yml", "SomebodysOwn", "page", "default")]
    public void An_alert_goes_to_whom_it_concerns(string file, string alert, string severity, string receivers)
    {
        Requirements.Need("amtool");
        Assert.Equal(receivers, Shell.Run("amtool", "config", "routes", "test", "--config.file", Server.Repository(file), $"alertname={alert}", $"severity={severity}", "instance=gpu-01"));
    }

    [Fact]
    public void The_agents_of_several_servers_get_what_is_theirs()
    {
        Requirements.Need("amtool");
        Assert.Equal("headroom-gpu-02", Shell.Run("amtool", "config", "routes", "test", "--config.file", Server.Repository("deploy/alertmanager/examples/several-agents.yml"),
            "alertname=vip-slow", "instance=gpu-02"));
    }

    [Fact]
    public void Both_routes_to_the_agent_renew_a_hold_alike()
    {
        var paces = ((string[])[Alertmanager, "deploy/alertmanager/headroom-route.yml", "deploy/alertmanager/examples/several-agents.yml"])
            .SelectMany(file => ToAgent().Matches(File.ReadAllText(Server.Repository(file))).Select(m => Space().Replace(m.Groups[1].Value, ""))).ToList();
        Assert.Equal(4, paces.Count);
        Assert.Single(paces.Distinct());
    }

    [Fact]
    public void Alerts_that_hold_others_back_are_alerts_that_there_are()
    {
        var known = Rules().SelectMany(f => Alert().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).ToHashSet();
        var named = Names().Matches(File.ReadAllText(Server.Repository(Alertmanager))).Select(m => m.Value).Distinct().ToList();
        Assert.NotEmpty(named);
        if (known.Count > 0)
            Assert.Empty(named.Except(known));
    }

    [Theory]
    [InlineData(Compose.Monitoring)]
    [InlineData(Compose.Demo)]
    public void Grafana_finds_its_source_and_the_dashboards_of_the_chosen_language_where_they_are_mounted(string file)
    {
        var services = Compose.Config([file], "HEADROOM_LANG=zh").GetProperty("services");
        var mounts = services.GetProperty("grafana").GetProperty("volumes").EnumerateArray().ToDictionary(v => v.GetProperty("target").GetString()!, v => v.GetProperty("source").GetString()!);
        Assert.Equal(Server.Repository("deploy/grafana/provisioning"), mounts["/etc/grafana/provisioning"]);
        var source = File.ReadAllText(Server.Repository("deploy/grafana/provisioning/datasources/prometheus.yml"));
        Assert.True(services.TryGetProperty(Regex.Match(source, "url: http://(\\w+):9090").Groups[1].Value, out _));
        // Dashboards take the source that is chosen: an id of ours would only hide one that does not.
        Assert.DoesNotMatch(@"(?m)^\s*uid:", source);
        var folder = Regex.Match(File.ReadAllText(Server.Repository("deploy/grafana/provisioning/dashboards/headroom.yml")), @"path: (\S+)").Groups[1].Value;
        Assert.Equal(Server.Repository("dashboards/zh"), mounts[folder]);
    }

    [Fact]
    public void Scripts_are_without_a_remark_of_shellcheck()
    {
        Requirements.Need("shellcheck");
        Assert.Equal("", Shell.Run("shellcheck", Server.Repository("deploy/prepare.sh"), Server.Repository("tests/compose.sh")));
    }

    private static string[] Rules() => Directory.Exists(Server.Repository("alerts")) ? Directory.GetFiles(Server.Repository("alerts"), "*.yml") : [];

    [GeneratedRegex(@"(group_by: \[alertname\]\s+group_wait: 0s(?: +#.*)?\s+group_interval: 15s\s+repeat_interval: 1m)\b")]
    private static partial Regex ToAgent();

    [GeneratedRegex(@" *#.*|\s")]
    private static partial Regex Space();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"Headroom[A-Z]\w+")]
    private static partial Regex Names();
}
