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
internal sealed class MonitoringStack : IAsyncDisposable
{
    /// <summary>Fires always; the policy names it.</summary>
    public const string Alert = "StackTest";
    public const string Job = "stack-job";

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-stack-").FullName;
    private readonly DockerDaemon _docker;
    private readonly WebApplication _chat;
    private readonly List<string> _heard = [];

    private MonitoringStack(DockerDaemon docker)
    {
        _docker = docker;
        var (subnet, gateway) = ($"10.171.{Environment.ProcessId % 250}.0/24", $"10.171.{Environment.ProcessId % 250}.1");
        (Port, AlertmanagerPort, var chatPort) = (RunningAgent.FreePort(), RunningAgent.FreePort(), RunningAgent.FreePort());
        foreach (var folder in (string[])["run", "state", "etc", "rules"])
            Directory.CreateDirectory($"{_folder}/{folder}");
        File.WriteAllText($"{_folder}/etc/policy.yaml", Policy);
        if (Directory.Exists(Server.Repository("alerts")))
            foreach (var rules in Directory.GetFiles(Server.Repository("alerts"), "*.yml"))
                File.Copy(rules, $"{_folder}/rules/{Path.GetFileName(rules)}");
        File.WriteAllText($"{_folder}/rules/stack-test.yml", $$"""
            groups: [ { name: stack-test, interval: 1s, rules: [ { alert: {{Alert}}, expr: vector(1), labels: { severity: warning, instance: this-server } } ] } ]
            """);
        RuleFiles = Directory.GetFiles($"{_folder}/rules").Length;
        Shell.Run("cp", "-r", Server.Repository("deploy/alertmanager"), $"{_folder}/alertmanager");
        File.WriteAllText($"{_folder}/alertmanager/alertmanager.yml", AlertmanagerConfig(chatPort));
        File.WriteAllText($"{_folder}/override.yml", Override);
        Compose = new ComposeProject(docker, [Stack.Compose.Monitoring, $"{_folder}/override.yml"],
            $"HEADROOM_SUBNET={subnet}", $"HEADROOM_GATEWAY={gateway}", $"PROMETHEUS_PORT={Port}", $"ALERTMANAGER_PORT={AlertmanagerPort}",
            "HEADROOM_POLICY=/etc/headroom/policy.yaml", "HEADROOM_MODE=enforce");
        Prometheus = new PrometheusApi(Port);
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

    public ComposeProject Compose { get; }
    public PrometheusApi Prometheus { get; }
    public FakeMachine Machine { get; } = FakeMachine.OneH100();
    public int Port { get; }
    public int AlertmanagerPort { get; }
    public int RuleFiles { get; }

    /// <summary>What came to the chat.</summary>
    public IReadOnlyList<string> Heard
    {
        get
        {
            lock (_heard)
                return [.. _heard];
        }
    }

    public static async Task<MonitoringStack> StartAsync(DockerDaemon docker)
    {
        var stack = new MonitoringStack(docker);
        await stack._chat.StartAsync();
        stack.Compose.Run("up", "-d", "guard", "agent", "prometheus", "alertmanager");
        return stack;
    }

    public void Until(Func<bool> condition, TimeSpan within, string what)
    {
        try
        {
            Eventually.True(condition, within, what, look: TimeSpan.FromMilliseconds(250));
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
            volumes: [ "{{_folder}}/rules:/etc/headroom-alerts:ro" ]
          alertmanager:
            volumes: [ "{{_folder}}/alertmanager:/etc/alertmanager:ro" ]
        """;

    private string Socket => new Uri(_docker.Socket).LocalPath;

    // What we ship, with people who listen and a quicker pace; each must stand there.
    private static string AlertmanagerConfig(int chatPort)
    {
        var text = File.ReadAllText(Server.Repository("deploy/alertmanager/alertmanager.yml"));
        foreach (var (shipped, here) in ((string, string)[])
            [
                ("  - name: people\n", $"  - name: people\n    webhook_configs: [ {{ url: \"http://headroom-agent:{chatPort}/people\" }} ]\n"),
                ("group_wait: 30s", "group_wait: 1s"), ("group_interval: 15s", "group_interval: 1s"), ("repeat_interval: 1m       #", "repeat_interval: 2s       #"),
            ])
        {
            Assert.Contains(shipped, text, StringComparison.Ordinal);
            text = text.Replace(shipped, here, StringComparison.Ordinal);
        }
        return text;
    }
}
