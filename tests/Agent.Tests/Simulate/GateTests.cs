using Headroom.Act.Freezing;
using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class GateTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly GateSpec Gate = new(["server"], new YieldTimes(TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(5), 0.1, GateSpec.Detection));

    [Fact]
    public void A_gate_keeps_the_server_as_fast_as_alone_and_gives_batch_the_rest()
    {
        var alone = Sojourns(new World(OneGpu(Server(0.2, 0.5)), seed: 4, Nine), "server", 10 * Hour);
        var world = Gated(drain: TimeSpan.FromMilliseconds(10));
        var gated = Sojourns(world, "server", 10 * Hour);

        Assert.True(Quantile(gated, .95) <= 1.15 * Quantile(alone, .95), $"{Quantile(gated, .95)} s against {Quantile(alone, .95)} s alone");
        var idle = 10 * Hour.TotalSeconds - world["server"].WorkSeconds(world.Elapsed);
        Assert.True(world["batch"].WorkSeconds(world.Elapsed) >= 0.85 * idle);
    }

    [Fact]
    public void An_idle_server_holds_nobody()
    {
        var world = new World(OneGpu(Server(0.2, 0), HungryBatch()), seed: 4, Nine);
        world.SetGate("batch", Gate);
        world.Advance(Hour);

        Assert.Equal(Hour.TotalSeconds, world["batch"].WorkSeconds(Hour), 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(50)]
    public void A_request_to_an_idle_server_waits_for_detection_and_drain_at_half_speed(int drainMs)
    {
        // A request each hour: each finds the gate open.
        var world = new World(OneGpu(Server(0.2, 0.2 / 3600), HungryBatch() with { DrainTime = TimeSpan.FromMilliseconds(drainMs) }), seed: 4, Nine);
        world.SetGate("batch", Gate);
        var slowest = Sojourns(world, "server", 50 * Hour)[^1];

        // While both run the server gets half: it loses half of that time.
        Assert.Equal(0.2 + (GateSpec.Detection.TotalSeconds + drainMs / 1000.0) / 2, slowest, 1e-6);
    }

    [Fact]
    public void A_server_that_is_never_idle_leaves_batch_its_floor()
    {
        var world = new World(OneGpu(Server(0.2, 5), HungryBatch()), seed: 4, Nine);
        world.SetGate("batch", Gate);
        world.Advance(Hour);

        Assert.Equal(0.1 * Hour.TotalSeconds, world["batch"].ResidentSeconds(Hour) * 2, 0.02 * Hour.TotalSeconds);
    }

    [Fact]
    public void Without_a_floor_a_server_that_is_never_idle_leaves_batch_nothing()
    {
        var world = new World(OneGpu(Server(0.2, 5), HungryBatch()), seed: 4, Nine);
        world.SetGate("batch", Gate with { Times = Gate.Times with { Floor = 0 } });
        world.Advance(TimeSpan.FromMinutes(1));
        var before = world["batch"].WorkSeconds(world.Elapsed);
        world.Advance(Hour);

        Assert.Equal(before, world["batch"].WorkSeconds(world.Elapsed));
    }

    [Fact]
    public void A_gate_that_stays_closed_over_every_gap_still_gives_the_floor()
    {
        // Longer than nearly every gap, so that it is never idle for it: only the floor opens it.
        var world = Gated(Gate with { Times = Gate.Times with { Linger = TimeSpan.FromSeconds(30) } });
        world.Advance(Hour);

        Assert.InRange(world["batch"].WorkSeconds(world.Elapsed), 0.05 * Hour.TotalSeconds, 0.15 * Hour.TotalSeconds);
    }

    [Fact]
    public void The_same_gate_told_each_second_changes_nothing()
    {
        var once = Gated();
        var often = Gated();
        once.Advance(Hour);
        while (often.Elapsed < Hour)
        {
            often.Advance(TimeSpan.FromSeconds(1));
            often.SetGate("batch", Gate with { Protected = ["server"] });
        }

        Assert.Equal(once["batch"].WorkSeconds(Hour), often["batch"].WorkSeconds(Hour), 1e-6);
        Assert.Equal(once["server"].Server!.Metrics.Requests, often["server"].Server!.Metrics.Requests);
    }

    [Fact]
    public void Settings_that_change_at_any_time_never_turn_time_back()
    {
        var world = Gated(drain: TimeSpan.FromMilliseconds(10));
        var dice = Dice.For(3, "settings");
        for (var round = 0; round < 20_000; round++)
        {
            world.SetGate("batch", dice.Unit() < 0.1 ? null : new GateSpec(
                ["server"], new YieldTimes(TimeSpan.FromSeconds(dice.Unit()), TimeSpan.FromSeconds(3 * dice.Unit()), TimeSpan.FromSeconds(0.1 * dice.Unit()), Math.Round(dice.Unit(), 1), GateSpec.Detection)));
            world.SetRunFraction("batch", Math.Round(dice.Unit(), 1));
            var before = world.Elapsed;
            world.Advance(TimeSpan.FromSeconds(dice.Exponential()));
            Assert.True(world.Elapsed >= before);
        }
        world.SetGate("batch", null);
        world.SetRunFraction("batch", 1);
        var work = world["batch"].WorkSeconds(world.Elapsed) + world["server"].WorkSeconds(world.Elapsed);
        world.Advance(Hour);

        Assert.Equal(Hour.TotalSeconds, world["batch"].WorkSeconds(world.Elapsed) + world["server"].WorkSeconds(world.Elapsed) - work, 0.01);
    }

    [Fact]
    public void Gate_and_share_must_both_allow_it()
    {
        var world = Gated();
        world.SetRunFraction("batch", 0.5);
        world.Advance(10 * Hour);
        var idle = world.Elapsed.TotalSeconds - world["server"].WorkSeconds(world.Elapsed);

        Assert.Equal(0.5, world["batch"].WorkSeconds(world.Elapsed) / idle, 0.06);
    }

    [Fact]
    public void A_new_life_of_gated_batch_has_no_gate()
    {
        var world = Gated();
        world.Stop("batch");
        world.Start("batch");

        Assert.Null(world["batch"].Gate);
    }

    [Fact]
    public void A_share_is_obtained_although_queued_kernels_run_on_after_each_freeze()
    {
        // 15 of each 100 ms, and 10 more that the freeze cannot stop.
        var world = new World(OneGpu(HungryBatch() with { DrainTime = TimeSpan.FromMilliseconds(10) }), seed: 4, Nine);
        world.SetRunFraction("batch", 0.25);
        world.Advance(Hour);

        Assert.Equal(0.25 * Hour.TotalSeconds, world["batch"].WorkSeconds(Hour), 0.1);
    }

    [Fact]
    public void A_share_smaller_than_the_drain_has_a_longer_period()
    {
        var world = new World(OneGpu(HungryBatch() with { DrainTime = TimeSpan.FromMilliseconds(30) }), seed: 4, Nine);
        world.SetRunFraction("batch", 0.1);
        world.Advance(Hour);

        Assert.Equal(0.1 * Hour.TotalSeconds, world["batch"].WorkSeconds(Hour), 1);
    }

    private static World Gated(GateSpec? gate = null, TimeSpan drain = default)
    {
        var world = new World(OneGpu(Server(0.2, 0.5), HungryBatch() with { DrainTime = drain }), seed: 4, Nine);
        world.SetGate("batch", gate ?? Gate);
        return world;
    }
}
