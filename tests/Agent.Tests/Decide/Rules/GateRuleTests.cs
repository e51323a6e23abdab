using Headroom.Decide.Rules;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;

namespace Headroom.Tests.Decide.Rules;

public sealed class GateRuleTests
{
    private readonly TestNode _node = new();
    private readonly TestWorkload _server;
    private readonly TestWorkload _batch;

    public GateRuleTests()
    {
        _server = _node.Add("server", Priority.Critical).P95(0.5);
        _batch = _node.Add("batch", Priority.Batch);
        _batch.Yields = Yields.Gate;
        Seen(ActivityConfidence.High);
    }

    private void Seen(ActivityConfidence confidence, TimeSpan? gap = null) =>
        _server.Activity = new WorkloadActivity(confidence, confidence == ActivityConfidence.High ? 0 : null, 0.3, _node.Now) { Why = confidence == ActivityConfidence.High ? null : "TLS on port 8000", MedianGap = gap };

    private void Gate(GateVia? via, TimeSpan? freezerDrain = null, string? noLaunch = "no library", TimeSpan? launchDrain = null) =>
        _node.Act = ActState.Nothing with { Gates = [new GateState(_batch.Id, via) { FreezerDrain = freezerDrain, NoLaunch = noLaunch, LaunchDrain = launchDrain }] };

    private Plan Tick(double seconds = 1)
    {
        _node.Pass(seconds);
        _server.Answers(5, 0.2);
        if (_server.Activity is { } activity)
            _server.Activity = activity with { At = _node.Now };
        return _node.Tick(RuleName.Gate, RuleName.LatencyGuard);
    }

    // It grows from there while the latency allows it.
    private void AssertNearItsFloor(Plan plan) => Assert.InRange(plan.Wanted.Single(w => w.Workload == _batch.Id).Run!.Limit.Share, _batch.Floor, _batch.Floor + 0.05);

    private static IEnumerable<string> Codes(Plan plan) => plan.Decisions.Where(d => d.Lever == Lever.Gate).Select(d => d.Reason.Code);

    [Fact]
    public void Batch_stands_aside_for_a_server_whose_requests_are_seen_well()
    {
        var relation = Assert.Single(Tick().Yields);
        Assert.Equal((GateVia.Freezer, TimeSpan.Zero), (relation.Via, relation.Linger));
    }

    [Fact]
    public void A_blink_of_the_watcher_gives_no_gate_up_and_a_long_one_does_and_says_why()
    {
        Tick();
        Seen(ActivityConfidence.Low);
        Assert.Single(Tick(5).Yields);
        var plan = Tick(6);
        Assert.Empty(plan.Yields);
        var refusal = plan.Decisions.First(d => d.Reason.Code == "HR1202");
        Assert.Contains("TLS on port 8000", refusal.Reason.Sentence(), StringComparison.Ordinal);
        // Whoever stood aside until now does not fall upon the server.
        AssertNearItsFloor(plan);
    }

    [Fact]
    public void A_drain_that_is_long_against_the_requests_calls_for_the_launch_gate_where_there_is_one()
    {
        Gate(GateVia.Freezer, TimeSpan.FromMilliseconds(15));
        Assert.Equal(GateVia.Freezer, Assert.Single(Tick().Yields).Via);
        Gate(GateVia.Freezer, TimeSpan.FromMilliseconds(60), noLaunch: null);
        Assert.Equal(GateVia.Launch, Assert.Single(Tick().Yields).Via);
        Gate(GateVia.Launch, TimeSpan.FromMilliseconds(60), noLaunch: null, launchDrain: TimeSpan.FromMilliseconds(1));
        Assert.Equal(GateVia.Launch, Assert.Single(Tick().Yields).Via);
    }

    [Fact]
    public void Without_one_it_gets_a_share_and_the_reason()
    {
        Tick();
        Gate(GateVia.Freezer, TimeSpan.FromMilliseconds(60));
        var plan = Tick();
        Assert.Empty(plan.Yields);
        Assert.Contains("HR1204", Codes(plan));
        AssertNearItsFloor(plan);
    }

    [Theory]
    [InlineData(35, false, GateVia.Freezer)]
    [InlineData(45, false, null)]
    [InlineData(35, true, null)] // it shares the time now: what was too slow must be clearly quicker
    [InlineData(25, true, GateVia.Freezer)]
    public void A_request_of_200_ms_may_lose_20_of_them(int drainMs, bool shares, object? via)
    {
        var server = _server.Snapshot(_node.Now);
        server = server with
        {
            Latency = new LatencySample { At = _node.Now, Source = "vllm", Endpoint = "", Signals = [new SignalSample { Signal = LatencySignal.EndToEnd, Kind = LatencyKind.MeanOnly, MeanSeconds = 0.2 }] },
        };
        Assert.Equal(via, GateLever.Choose(new GateState(_batch.Id, null) { FreezerDrain = TimeSpan.FromMilliseconds(drainMs), NoLaunch = "no library" }, server, shares).Via);
    }

    [Fact]
    public void A_drain_too_short_to_see_is_quick_enough_for_the_shortest_request()
    {
        var server = _server.Snapshot(_node.Now) with
        {
            Latency = new LatencySample { At = _node.Now, Source = "vllm", Endpoint = "", Signals = [new SignalSample { Signal = LatencySignal.EndToEnd, Kind = LatencyKind.MeanOnly, MeanSeconds = 0.002 }] },
        };
        Assert.Equal(GateVia.Freezer, GateLever.Choose(new GateState(_batch.Id, GateVia.Freezer) { FreezerDrain = TimeSpan.Zero, NoLaunch = "no library" }, server, shares: false).Via);
    }

    [Fact]
    public void Pauses_shorter_than_the_drain_are_not_opened_for()
    {
        Gate(GateVia.Freezer, TimeSpan.FromMilliseconds(15));
        Seen(ActivityConfidence.High, gap: TimeSpan.FromMilliseconds(10));
        Assert.Equal(TimeSpan.FromMilliseconds(15), Assert.Single(Tick().Yields).Linger);
        Seen(ActivityConfidence.High, gap: TimeSpan.FromMilliseconds(16));
        Assert.Equal(TimeSpan.Zero, Assert.Single(Tick().Yields).Linger);
    }

    [Fact]
    public void A_gate_that_was_never_made_keeps_nobody_from_being_throttled_by_latency()
    {
        for (var tick = 0; tick < 15; tick++)
        {
            Gate(null);
            Tick();
        }
        Assert.Empty(_node.Memory.Gate.Pairs);
        Gate(GateVia.Freezer);
        Tick();
        Assert.Single(_node.Memory.Gate.Pairs);
    }
}
