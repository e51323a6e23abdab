using System.Net;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Headroom.IntegrationTests.Alerts;

/// <summary>A page with the latency of a VIP's server, a real Prometheus with a rule on it, and a real Alertmanager with the route that we ship,
/// only quicker.</summary>
internal sealed class AlertChain : IAsyncDisposable
{
    /// <summary>As the route in deploy/ has it.</summary>
    public const string Alert = "vip-slow";

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-alertchain-").FullName;
    private readonly WebApplication _vip;
    private readonly RunningProgram _alertmanager;
    private readonly RunningProgram _prometheus;
    private volatile bool _isSlow;

    private AlertChain(WebApplication vip, int vipPort, int agentPort, string token)
    {
        _vip = vip;
        vip.Run(http => http.Response.WriteAsync($"vip_p95_seconds {(_isSlow ? 0.9 : 0.05)}\n"));
        File.WriteAllText($"{_folder}/headroom.token", token);
        File.WriteAllText($"{_folder}/alertmanager.yml", Route(agentPort));
        var alertmanagerPort = RunningAgent.FreePort();
        _alertmanager = new RunningProgram("prometheus-alertmanager",
        [
            $"--config.file={_folder}/alertmanager.yml", $"--storage.path={_folder}/alertmanager", $"--web.listen-address=127.0.0.1:{alertmanagerPort}",
            "--cluster.listen-address=",
        ]);
        // The labels name another container: nothing of them may count.
        File.WriteAllText($"{_folder}/rules.yml", $$"""
            groups:
              - name: vip
                rules:
                  - alert: {{Alert}}
                    expr: vip_p95_seconds > 0.2
                    labels: { severity: page, container: bystander, workload: bystander }
            """);
        File.WriteAllText($"{_folder}/prometheus.yml", $$"""
            global: { scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms }
            rule_files: [ rules.yml ]
            alerting: { alertmanagers: [ { static_configs: [ { targets: ["127.0.0.1:{{alertmanagerPort}}"] } ] } ] }
            scrape_configs:
              - job_name: vip
                static_configs: [ { targets: ["127.0.0.1:{{vipPort}}"] } ]
            """);
        _prometheus = new RunningProgram("prometheus",
            [$"--config.file={_folder}/prometheus.yml", $"--storage.tsdb.path={_folder}/data", $"--web.listen-address=127.0.0.1:{RunningAgent.FreePort()}"]);
    }

    /// <param name="agentPort">Where the agent takes alerts.</param>
    public static async Task<AlertChain> StartAsync(int agentPort, string token)
    {
        var port = RunningAgent.FreePort();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var vip = builder.Build();
        var chain = new AlertChain(vip, port, agentPort, token);
        await vip.StartAsync();
        return chain;
    }

    /// <summary>Whether the VIP's p95 is what the rule fires at.</summary>
    public bool IsSlow { set => _isSlow = value; }

    public string Output => $"--- prometheus\n{_prometheus.Output}\n--- alertmanager\n{_alertmanager.Output}";

    public void KillAlertmanager()
    {
        Shell.Run("kill", "-KILL", $"{_alertmanager.Pid}");
        Eventually.True(() => _alertmanager.HasExited);
    }

    public async ValueTask DisposeAsync()
    {
        _prometheus.Dispose();
        _alertmanager.Dispose();
        await _vip.StopAsync();
        await _vip.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    // What we ship, with the test's places and pace; each must stand there.
    private string Route(int agentPort)
    {
        var text = File.ReadAllText(Shipped());
        foreach (var (shipped, here) in ((string, string)[])
            [
                ("group_interval: 15s", "group_interval: 1s"), ("repeat_interval: 1m", "repeat_interval: 2s"),
                ("url: http://127.0.0.1:9485/api/v1/alerts", $"url: http://127.0.0.1:{agentPort}/api/v1/alerts"),
                ("credentials_file: /etc/alertmanager/headroom.token", $"credentials_file: {_folder}/headroom.token"),
            ])
        {
            Assert.Contains(shipped, text, StringComparison.Ordinal);
            text = text.Replace(shipped, here, StringComparison.Ordinal);
        }
        return text;
    }

    private static string Shipped()
    {
        var file = Path.Combine("deploy", "alertmanager", "headroom-route.yml");
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, file)))
                return Path.Combine(folder.FullName, file);
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds {file}.");
    }
}
