using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Stack;

/// <summary>The demo as a visitor starts it, without Grafana, of which there is no stand-in.</summary>
[Collection(nameof(StackNode))]
public sealed class DemoTests(StackDaemon stack)
{
    [Fact]
    public void Within_a_minute_an_SLO_is_broken_the_neighbour_is_throttled_and_all_is_given_back()
    {
        var port = RunningAgent.FreePort();
        using var demo = new ComposeProject(stack.Docker, [Compose.Demo], $"PROMETHEUS_PORT={port}");
        using var prometheus = new PrometheusApi(port);
        demo.Run("up", "-d", "agent", "prometheus");
        try
        {
            Eventually.True(() => Story(prometheus) is not null, TimeSpan.FromSeconds(120), "breach, throttle and release", look: TimeSpan.FromSeconds(1));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{demo.Logs()}");
        }
        var (start, breach, throttle, release) = Story(prometheus)!.Value;
        Assert.True(start <= breach && breach <= throttle + 1 && throttle < release, $"{breach - start:0} s breach, {throttle - start:0} s throttle, {release - start:0} s release");
        Assert.InRange(release - start, 0, 60);

        Assert.Equal(1, prometheus.Value("min(min_over_time(up{job=\"headroom\"}[5m]))"));
        Assert.True(prometheus.Value("min_over_time(headroom_workload_share_ratio{workload=\"painter\"}[5m])") <= 0.5);
        Assert.Equal(1, prometheus.Value("headroom_agent_info{mode=\"enforce\", simulated=\"true\"}"));
        Eventually.True(() => demo.Health("agent") == "healthy" && demo.Health("prometheus") == "healthy", TimeSpan.FromSeconds(30), "both to be healthy");
    }

    /// <summary>Times of the first of each, in seconds: the SLO above its limit, a hold for it, and after that the neighbour free again.</summary>
    private static (double Start, double Breach, double Throttle, double Release)? Story(PrometheusApi prometheus)
    {
        var breach = prometheus.Samples("headroom_workload_slo_pressure_ratio{workload=\"transcriber\"}[5m]").Where(s => s.Value > 1).Select(s => (double?)s.At).FirstOrDefault();
        var held = prometheus.Samples("headroom_hold_active{workload=\"painter\",lever=\"share\",rule=\"latencyGuard\"}[5m]").Select(s => s.At).ToHashSet();
        // Where it is free there is no series of the hold; the agent's own shows when it was looked.
        var release = prometheus.Samples("headroom_agent_snapshot_sequence[5m]").Select(s => s.At).Where(at => held.Count > 0 && at > held.Min() && !held.Contains(at)).Select(at => (double?)at).FirstOrDefault();
        var start = prometheus.Value("headroom_agent_start_timestamp_seconds");
        return breach is { } b && release is { } r && start is { } s ? (s, b, held.Min(), r) : null;
    }
}
