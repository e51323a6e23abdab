using System.Net.Http.Headers;
using System.Text;
using Headroom.IntegrationTests.Acting;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Alerts;

/// <summary>A thousand bad webhooks a second, at an agent that holds a real container.</summary>
[Collection(nameof(Node))]
public sealed class FloodTests(DockerDaemon docker, ITestOutputHelper report) : IDisposable
{
    private const int PerSecond = 1000;
    private const double MostBytes = 100 << 20;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);

    private readonly ActingNode _node = new(docker) { Sm = 0 };
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly int _port = RunningAgent.FreePort();

    public void Dispose()
    {
        _http.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task In_a_flood_of_bad_webhooks_the_ticks_stay_on_time_memory_stays_and_a_good_one_is_heard()
    {
        var stop = TestContext.Current.CancellationToken;
        _node.StartJob();
        _node.Policy(outside: "throttle", more: $$"""
            alerts:
              - { name: {{AlertChain.Alert}}, hold: { workload: job }, lease: 1m }
            """);
        var (bad, good) = (_node.Token("flooder"), _node.Token("alertmanager"));
        _node.Start(options: ["--webhook-listen", $"127.0.0.1:{_port}"]);
        _node.Until(() => _node.Metric("headroom_hold_active{workload=\"job\",lever=\"share\""), TimeSpan.FromSeconds(40), "the share");

        var flood = new Flood(_port, bad);
        var before = await PageAsync(stop);
        var flooding = flood.SendAsync(PerSecond, Length, stop);
        var most = 0.0;
        Page during = before;
        for (var round = 0; !flooding.IsCompleted; round++)
        {
            during = await PageAsync(stop); // throws when it does not answer
            most = Math.Max(most, Resident(during));
            if (round == 2)
                Assert.Equal("""{"taken":1,"unnamed":0}""", await FireAsync(good, stop));
            await Task.WhenAny(flooding, Task.Delay(TimeSpan.FromMilliseconds(500), stop));
        }
        var took = await flooding;
        var after = await PageAsync(stop);
        most = Math.Max(most, Resident(after));

        // By the agent's own clock, so that a slow scrape is no lost tick.
        var expected = (after["headroom_agent_snapshot_timestamp_seconds"]!.Value - before["headroom_agent_snapshot_timestamp_seconds"]!.Value) / 0.1;
        var ticks = after["headroom_agent_ticks_total"]!.Value - before["headroom_agent_ticks_total"]!.Value;
        var sent = flood.Answers.Values.Sum();
        report.WriteLine(FormattableString.Invariant(
            $"{sent} bad webhooks in {took.TotalSeconds:0.0} s: {ticks} of {expected:0} ticks ({ticks / expected:0.0 %}); resident {Resident(before) / (1 << 20):0} MiB before, {most / (1 << 20):0} MiB at most")
            + $"; answers {string.Join(", ", flood.Answers.OrderBy(a => a.Key).Select(a => $"{a.Key}: {a.Value}"))}");
        Assert.Equal(PerSecond * Length.TotalSeconds, sent);
        Assert.InRange(took, TimeSpan.Zero, Length * 1.5);
        Assert.All(flood.Answers.Keys, status => Assert.Contains(status, (int[])[0, 400, 401, 413, 415, 429]));
        Assert.InRange(flood.Answers.GetValueOrDefault(0), 0, sent / 100);
        Assert.True(ticks >= 0.9 * expected, $"{ticks} of {expected:0} ticks");
        Assert.True(most - Resident(before) < MostBytes, $"{Resident(before)} bytes before, {most} at most");
        Assert.Equal(0, after["headroom_agent_tick_failures_total"]);
        // The page is up to two ticks old, a fiftieth of the flood.
        Assert.True(after["headroom_alert_notifications_total{result=\"refused\"}"] >= 0.95 * sent);
        Assert.Equal(1, after["headroom_alert_notifications_total{result=\"taken\"}"]);
        // What the good one asks for is stricter than the share, and came through.
        _node.Until(() => _node.DockerState() == "paused", TimeSpan.FromSeconds(20), "the pause");
    }

    private static double Resident(Page page) => page["headroom_agent_resident_memory_bytes"]!.Value;

    private async Task<Page> PageAsync(CancellationToken stop) => new(await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_node.Port}/metrics"), stop));

    private async Task<string> FireAsync(string token, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{_port}/api/v1/alerts")
        {
            Content = new StringContent($$"""{"alerts":[{"status":"firing","labels":{"alertname":"{{AlertChain.Alert}}"},"fingerprint":"1"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _http.SendAsync(request, stop);
        return (await answer.Content.ReadAsStringAsync(stop)).Trim();
    }
}
