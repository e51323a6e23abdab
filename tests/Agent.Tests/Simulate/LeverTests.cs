using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class LeverTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void A_frozen_batch_makes_no_progress_and_hurts_nobody()
    {
        var alone = new World(OneGpu(Server(0.2, 0.5)), seed: 4, Nine);
        var beside = new World(OneGpu(Server(0.2, 0.5), HungryBatch()), seed: 4, Nine);
        beside.SetRunFraction("batch", 0);

        Assert.Equal(Sojourns(alone, "server", Hour), Sojourns(beside, "server", Hour));
        Assert.Equal(0, beside["batch"].WorkSeconds(Hour));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.25)]
    [InlineData(0.9)]
    public void A_batch_on_duty_gets_its_share_of_an_empty_gpu(double fraction)
    {
        var world = new World(OneGpu(HungryBatch()), seed: 4, Nine);

        world.SetRunFraction("batch", fraction);
        world.Advance(Hour);

        Assert.Equal(fraction * Hour.TotalSeconds, world["batch"].WorkSeconds(Hour), 0.1);
    }

    [Fact]
    public void Less_duty_for_the_batch_means_less_delay_for_the_server()
    {
        var p95 = new[] { 0, 0.25, 0.5, 1 }.Select(fraction =>
        {
            var world = new World(OneGpu(Server(0.2, 0.4), HungryBatch()), seed: 4, Nine);
            world.SetRunFraction("batch", fraction);
            return Quantile(Sojourns(world, "server", 4 * Hour), .95);
        }).ToList();

        Assert.Equal(p95.Order(), p95);
        Assert.True(p95[^1] > 1.5 * p95[0]);
    }

    [Fact]
    public void Given_back_is_given_back_whole()
    {
        var world = new World(OneGpu(HungryBatch()), seed: 4, Nine);
        world.SetRunFraction("batch", 0.25);
        world.Advance(Hour);
        var before = world["batch"].WorkSeconds(world.Elapsed);

        world.SetRunFraction("batch", 1);
        world.Advance(Hour);

        Assert.Equal(Hour.TotalSeconds, world["batch"].WorkSeconds(world.Elapsed) - before, 0.001);
    }

    [Fact]
    public void A_frozen_server_piles_up_requests_and_answers_them_after()
    {
        var world = new World(OneGpu(Server(0.1, 0.5)), seed: 4, Nine);
        world.SetRunFraction("server", 0);
        world.Advance(TimeSpan.FromSeconds(20));
        var server = world["server"].Server!;
        var piled = server.Running + server.Waiting;

        Assert.InRange(piled, 50, 150);
        Assert.Equal(0, server.Metrics.Requests);

        world.SetRunFraction("server", 1);
        world.Advance(TimeSpan.FromMinutes(2));

        Assert.True(server.Metrics.Requests >= piled);
        Assert.Equal(0, server.Lost);
    }

    [Fact]
    public void A_stopped_container_frees_its_memory_and_stays_down_until_started()
    {
        var world = new World(OneGpu(Server(0.1, 0.3), HungryBatch()), seed: 4, Nine);
        world.Advance(TimeSpan.FromMinutes(1));
        var used = world.Gpus[0].UsedBytes;

        world.Stop("server");
        world.Advance(Hour);
        Assert.False(world["server"].Alive);
        Assert.Equal(0, world["server"].HeldBytes);
        Assert.True(world.Gpus[0].UsedBytes < used);
        Assert.True(world["server"].Server!.Lost > 0);

        world.Start("server");
        world.Advance(TimeSpan.FromSeconds(10));
        Assert.True(world["server"].Alive && !world["server"].Ready);
        world.Advance(TimeSpan.FromMinutes(1));
        Assert.True(world["server"].Ready);
        Assert.Equal(used, world.Gpus[0].UsedBytes);
        Assert.InRange(world["server"].Server!.Metrics.Requests, 1, 300);
    }

    [Fact]
    public void A_new_life_of_a_frozen_container_runs_free()
    {
        var world = new World(OneGpu(HungryBatch()), seed: 4, Nine);
        world.SetRunFraction("batch", 0);

        world.Stop("batch");
        world.Start("batch");
        world.Advance(Hour);

        Assert.Equal(1, world["batch"].RunFraction);
        Assert.True(world["batch"].WorkSeconds(Hour) > 3_500);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_run_fraction_outside_of_0_to_1_is_refused(double fraction)
    {
        var world = new World(OneGpu(HungryBatch()), seed: 4, Nine);

        Assert.Throws<ArgumentOutOfRangeException>(() => world.SetRunFraction("batch", fraction));
        Assert.Equal(1, world["batch"].RunFraction);
    }
}
