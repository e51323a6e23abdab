using System.Diagnostics;
using Headroom.IntegrationTests.Acting;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Alerts;

/// <summary>A real Prometheus and a real Alertmanager fire a rule at the agent, which holds a real container for it.</summary>
[Collection(nameof(PatientNode))]
public sealed class RealAlertmanagerTests : IDisposable
{
    private const string Bystander = "bystander";
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    private readonly ActingNode _node;
    private readonly int _port = RunningAgent.FreePort();

    public RealAlertmanagerTests(DockerDaemon docker)
    {
        Requirements.Need("prometheus", "prometheus-alertmanager");
        _node = new ActingNode(docker) { Sm = 0 };
    }

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task While_the_alert_fires_the_hold_is_renewed_beyond_its_lease_and_when_it_is_resolved_the_hold_ends_at_once()
    {
        await using var chain = await StartAsync(share: "0%");
        chain.IsSlow = true;
        Until(chain, () => _node.DockerState() == "paused" && _node.Metric("headroom_hold_active{workload=\"job\",lever=\"pause\",rule=\"alert\"}"), "the pause");
        Assert.True(_node.Metric($"headroom_alerts_firing{{alertname=\"{AlertChain.Alert}\"}} 1"));

        var fires = Stopwatch.StartNew();
        Until(chain, () =>
        {
            Assert.Equal("paused", _node.DockerState());
            return fires.Elapsed > Lease + TimeSpan.FromSeconds(5);
        }, "more than a lease to pass", Lease * 2);
        Assert.True(_node.Metric("headroom_action_attempts_total{step=\"take\",lever=\"pause\",rule=\"alert\",mode=\"enforce\"} 1"), "one hold, renewed; not one after another");
        Assert.Equal("running", _node.DockerState(Bystander));

        var ends = Stopwatch.StartNew();
        chain.IsSlow = false;
        Until(chain, () => _node.DockerState() == "running", "the end of the pause");
        // Renewed each other second, the lease alone would have ended it much later.
        Assert.InRange(ends.Elapsed, TimeSpan.Zero, Lease - TimeSpan.FromSeconds(4));
        Until(chain, () => !_node.Metric("headroom_alerts_firing{") && !_node.Metric("headroom_hold_active{"), "the alert and the hold to be gone");
    }

    [Fact]
    public async Task When_Alertmanager_is_killed_while_it_fires_the_hold_ends_with_its_lease()
    {
        await using var chain = await StartAsync(share: "30%");
        chain.IsSlow = true;
        Until(chain, () => IsOnShare() && _node.Metric("headroom_hold_active{workload=\"job\",lever=\"share\",rule=\"alert\"}"), "the share");

        chain.KillAlertmanager();
        var since = Stopwatch.StartNew();
        Until(chain, () => !_node.Metric("headroom_hold_active{"), "the lease to end it", Lease * 2);
        // Not before: its last notification was a few seconds old at most.
        Assert.InRange(since.Elapsed, Lease - TimeSpan.FromSeconds(7), Lease + TimeSpan.FromSeconds(10));
        Until(chain, () => Enumerable.Range(0, 100).All(_ => _node.FreezerState() == "THAWED"), "the job to run");
        Assert.False(_node.Metric("headroom_alerts_firing{"));
    }

    private bool IsOnShare() => Enumerable.Range(0, 200).Any(_ => _node.FreezerState() == "FROZEN") && _node.DockerState() == "running";

    private async Task<AlertChain> StartAsync(string share)
    {
        _node.StartJob();
        _node.StartJob(Bystander, ["--label", "headroom.enable=true", "--label", "headroom.priority=batch"]);
        _node.Policy(outside: null, more: $$"""
            alerts:
              - { name: {{AlertChain.Alert}}, hold: { workload: job, share: {{share}} }, lease: {{Lease.TotalSeconds}}s }
            """);
        var token = _node.Token("alertmanager");
        _node.Start(options: ["--webhook-listen", $"127.0.0.1:{_port}"]);
        _node.Until(() => _node.Metric("headroom_act_limited 0"), TimeSpan.FromSeconds(30), "the agent to be ready to act");
        return await AlertChain.StartAsync(_port, token);
    }

    private void Until(AlertChain chain, Func<bool> condition, string what, TimeSpan? within = null)
    {
        try
        {
            _node.Until(condition, within ?? TimeSpan.FromSeconds(40), what);
        }
        catch (Exception e) when (e is TimeoutException or Xunit.Sdk.XunitException)
        {
            throw new TimeoutException($"{e.Message}\n--- agent\n{_node.Program?.Output}\n{chain.Output}");
        }
    }
}
