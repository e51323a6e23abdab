using Headroom.Model;
using Headroom.Simulate;
using Microsoft.Extensions.Time.Testing;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class SimulatedActivityTests
{
    private readonly FakeTimeProvider _time = new(Nine);

    [Fact]
    public void The_busy_part_of_the_last_minute_follows_the_load()
    {
        var node = new SimulatedNode(OneGpu(Server(0.05, 0.4), HungryBatch()), new SimulationOptions(), _time);
        node.Levers.SetRunFraction("batch", 0);
        var ratios = new List<double>();
        for (var second = 0; second < 3_600; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            ratios.Add(Assert.Single(node.Activity.Sweep().ByInstance).Value.BusyRatio);
        }
        Assert.Equal(0.4, ratios.Skip(60).Average(), 0.02);

        // A frozen server keeps its requests in flight: a minute later it was busy all the time.
        node.Levers.SetRunFraction("server", 0);
        for (var second = 0; second < 70; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            node.Activity.Sweep();
        }
        var seen = node.Activity.Latest.ByInstance.Single().Value;
        Assert.Equal(1, seen.BusyRatio, 1e-9);
        Assert.True(seen.InFlight > 300);
    }

    [Fact]
    public void Who_is_not_seen_or_does_not_run_is_not_told()
    {
        var hidden = Server(0.1, 0.5, name: "hidden");
        var unsure = Server(0.1, 0.5, name: "unsure");
        var node = new SimulatedNode(
            OneGpu(
                Server(0.1, 0.5),
                hidden with { Serving = hidden.Serving! with { Seen = ActivityConfidence.None } },
                unsure with { Serving = unsure.Serving! with { Seen = ActivityConfidence.Low } }),
            new SimulationOptions(), _time);
        node.Levers.Stop("server");

        Assert.Equal(ActivityConfidence.Low, Assert.Single(node.Activity.Sweep().ByInstance).Value.Confidence);
    }
}
