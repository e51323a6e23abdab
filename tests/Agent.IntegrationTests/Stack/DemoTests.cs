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
        Assert.True(breach <= throttle && throttle < release);
        Assert.InRange(release - start, 0, 60);

        Assert.Equal(1, prometheus.Value("min(min_over_time(up{job=\"headroom\"}[5m]))"));
        // Half at first; it grows back while nobody scrapes.
        Assert.True(prometheus.Value("min_over_time(headroom_workload_share_ratio{workload=\"painter\"}[5m])") < 1);
        Assert.Equal(1, prometheus.Value("headroom_agent_info{mode=\"enforce\", simulated=\"true\"}"));
        Eventually.True(() => demo.Health("agent") == "healthy" && demo.Health("prometheus") == "healthy", TimeSpan.FromSeconds(30), "both to be healthy");
    }

    /// <summary>In seconds: the first time at which the SLO is seen broken, the first from then on at which the neighbour is held, and the first after that at which it is free.
    /// The hold may be older: a breach of a second can fall between two scrapes.</summary>
    private static (double Start, double Breach, double Throttle, double Release)? Story(PrometheusApi prometheus)
    {
        // Where it is free there is no series of the hold; the agent's own shows when it was looked; asked first, so that no later scrape passes for a free one.
        var looked = prometheus.Samples("headroom_agent_snapshot_sequence[5m]").Select(s => s.At).ToList();
        var held = prometheus.Samples("headroom_hold_active{workload=\"painter\",lever=\"share\",rule=\"latencyGuard\"}[5m]").Select(s => s.At).ToHashSet();
        var breach = First(prometheus.Samples("headroom_workload_slo_pressure_ratio{workload=\"transcriber\"}[5m]").Where(s => s.Value > 1).Select(s => s.At));
        var throttle = First(looked.Where(at => at >= breach && held.Contains(at)));
        var release = First(looked.Where(at => at > throttle && !held.Contains(at)));
        return release is { } free && prometheus.Value("headroom_agent_start_timestamp_seconds") is { } start ? (start, breach!.Value, throttle!.Value, free) : null;
    }

    private static double? First(IEnumerable<double> times) => times.Select(at => (double?)at).FirstOrDefault();
}
