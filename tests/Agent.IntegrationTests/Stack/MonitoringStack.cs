using System.Net;
using Headroom.IntegrationTests.Installing;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Headroom.IntegrationTests.Stack;

/// <summary>docker-compose.monitoring.yml, started with an override that only says where things are on this machine: folders and GPUs that are the test's, a chat, and
/// a quicker pace. Without Grafana, of which there is no stand-in.</summary>
public sealed class MonitoringStack : IAsyncLifetime
{
    /// <summary>Fires always; the policy names it.</summary>
    internal const string Alert = "StackTest";
    internal const string Job = "stack-job";

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-stack-").FullName;
    private readonly DockerDaemon _docker;
    private readonly WebApplication _chat;
    private readonly List<string> _heard = [];

    public MonitoringStack(StackDaemon node)
    {
        var docker = _docker = node.Docker;
        var (subnet, gateway) = ($"10.171.{Environment.ProcessId % 250}.0/24", $"10.171.{Environment.ProcessId % 250}.1");
        var (port, chatPort) = (RunningAgent.FreePort(), RunningAgent.FreePort());
        foreach (var folder in (string[])["run", "state", "etc", "rules"])
            Directory.CreateDirectory($"{_folder}/{folder}");
        File.WriteAllText($"{_folder}/etc/policy.yaml", Policy);
        if (Directory.Exists(Server.Repository("alerts")))
            foreach (var rules in Directory.GetFiles(Server.Repository("alerts"), "*.yml"))
                File.Copy(rules, $"{_folder}/rules/{Path.GetFileName(rules)}");
        File.WriteAllText($"{_folder}/rules/stack-test.yml", $$"""
            groups: [ { name: stack-test, interval: 1s, rules: [ { alert: {{Alert}}, expr: vector(1), for: 7s, labels: { severity: warning, instance: this-server } } ] } ]
            """);
        RuleFiles = Directory.GetFiles($"{_folder}/rules").Length;
        // What we ship, with people who listen, and a quicker pace.
        Copy("alertmanager/alertmanager.yml",
            ("  - name: people\n", $"  - name: people\n    webhook_configs: [ {{ url: \"http://headroom-agent:{chatPort}/people\" }} ]\n"),
            ("group_wait: 30s", "group_wait: 1s"), ("group_interval: 15s", "group_interval: 1s"), ("repeat_interval: 1m       #", "repeat_interval: 2s       #"));
        Copy("prometheus/prometheus.yml",
            ("scrape_interval: 15s", "scrape_interval: 1s"), ("evaluation_interval: 15s", "evaluation_interval: 1s"), ("scrape_interval: 5s", "scrape_interval: 1s"), ("scrape_timeout: 4s", "scrape_timeout: 1s"));
        File.WriteAllText($"{_folder}/override.yml", Override);
        Compose = new ComposeProject(docker, [Stack.Compose.Monitoring, $"{_folder}/override.yml"],
            $"HEADROOM_SUBNET={subnet}", $"HEADROOM_GATEWAY={gateway}", $"PROMETHEUS_PORT={port}", $"ALERTMANAGER_PORT={RunningAgent.FreePort()}",
            "HEADROOM_POLICY=/etc/headroom/policy.yaml", "HEADROOM_MODE=enforce");
        Prometheus = new PrometheusApi(port);
        // The network first, for the chat listens on its address.
        Compose.Run("up", "-d", "prepare");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(gateway), chatPort));
        _chat = builder.Build();
        _chat.Run(async http =>
        {
            using var body = new StreamReader(http.Request.Body);
            var text = await body.ReadToEndAsync();
            lock (_heard)
                _heard.Add(text);
        });
    }

    internal ComposeProject Compose { get; }
    internal PrometheusApi Prometheus { get; }
    internal FakeMachine Machine { get; } = FakeMachine.OneH100();
    internal int RuleFiles { get; }

    /// <summary>What came to the chat.</summary>
    internal IReadOnlyList<string> Heard
    {
        get
        {
            lock (_heard)
                return [.. _heard];
        }
    }

    public async ValueTask InitializeAsync()
    {
        await _chat.StartAsync();
        // Prometheus last, and its alert not at once: it knows no Alertmanager in its first five seconds, and sends again only after a minute.
        Compose.Run("up", "-d", "guard", "agent", "alertmanager");
        Until(() => Compose.Succeeds("exec", "-T", "alertmanager", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9093/-/ready"), "Alertmanager to be ready");
        Compose.Run("up", "-d", "prometheus");
    }

    internal void Until(Func<bool> condition, string what)
    {
        try
        {
            Eventually.True(condition, TimeSpan.FromSeconds(60), what, look: TimeSpan.FromMilliseconds(250));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{Compose.Logs()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Compose.Dispose();
        await _chat.DisposeAsync();
        Prometheus.Dispose();
        Machine.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // The job is outside of its window all year, and gets a quarter of the time.
    private static string Policy => $$"""
        apiVersion: headroom/v1
        mode: enforce
        windows: { never: { cron: "0 0 29 2 *", duration: 1m, timeZone: UTC } }
        workloads:
          - { name: job, match: { container: {{Job}} }, priority: batch, share: { floor: 25% }, window: { name: never, outside: throttle } }
        alerts: [ { name: {{Alert}}, hold: { workload: job, share: 20% }, lease: 1m } ]
        """;

    // oom_score_adj: lowering it wants a right that not every sandbox has.
    private string Override => $$"""
        services:
          guard:
            oom_score_adj: !reset null
            volumes: [ "{{_folder}}/run:/run/headroom", "{{_folder}}/state:/var/lib/headroom", "{{Socket}}:/var/run/docker.sock" ]
          agent:
            oom_score_adj: !reset null
            volumes:
              - {{_folder}}/run:/run/headroom
              - {{_folder}}/state:/var/lib/headroom
              - {{_folder}}/etc:/etc/headroom:ro
              - {{Socket}}:/var/run/docker.sock
              - {{Machine.Folder}}:{{Machine.Folder}}
            environment: { HEADROOM_NVML: {{Machine.LibraryPath}} }
            deploy: { resources: { reservations: { devices: !reset [] } } }
          prepare:
            volumes: [ "{{_folder}}/state:/var/lib/headroom" ]
          prometheus:
            volumes: [ "{{_folder}}/rules:/etc/headroom-alerts:ro", "{{_folder}}/prometheus:/etc/prometheus:ro" ]
          alertmanager:
            volumes: [ "{{_folder}}/alertmanager:/etc/alertmanager:ro" ]
        """;

    private string Socket => new Uri(_docker.Socket).LocalPath;

    /// <summary>Copies the folder of a configuration and changes it; what is changed must stand there.</summary>
    private void Copy(string file, params (string Shipped, string Here)[] changes)
    {
        Shell.Run("cp", "-r", Server.Repository($"deploy/{file.Split('/')[0]}"), $"{_folder}/{file.Split('/')[0]}");
        var text = File.ReadAllText($"{_folder}/{file}");
        foreach (var (shipped, here) in changes)
        {
            Assert.Contains(shipped, text, StringComparison.Ordinal);
            text = text.Replace(shipped, here, StringComparison.Ordinal);
        }
        File.WriteAllText($"{_folder}/{file}", text);
    }
}
