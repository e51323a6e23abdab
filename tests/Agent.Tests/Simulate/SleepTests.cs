using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class SleepTests
{
    private const long GiB = 1L << 30;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_sleeping_server_gives_its_weights_back_and_lives_on()
    {
        var world = new World(OneGpu(Server(0.1, 0.3)), seed: 4, Nine);
        world.Advance(Minute);
        var pid = world["server"].Pid;

        world.Sleep("server");

        Assert.True(world["server"] is { Alive: true, Asleep: true });
        Assert.Equal(pid, world["server"].Pid);
        Assert.True(world["server"].HeldBytes < GiB, "only its context is left");
    }

    [Fact]
    public void Requests_wait_for_a_sleeping_server_and_are_answered_when_it_woke()
    {
        var world = new World(OneGpu(Server(0.1, 0.3)), seed: 4, Nine);
        world.Sleep("server");
        world.Advance(Minute);
        var waiting = world["server"].Server!.InFlight;
        Assert.Equal(0, world["server"].Server!.Metrics.Requests);

        world.Wake("server");
        Assert.True(world["server"].Asleep, "the weights take a while");
        world.Advance(world["server"].Spec.WakeTime);
        Assert.False(world["server"].Asleep);
        Assert.True(world["server"].HeldBytes > 4 * GiB);
        world.Advance(2 * Minute);

        Assert.True(waiting > 100);
        Assert.True(world["server"].Server!.Metrics.Requests > waiting);
        Assert.Equal(0, world["server"].Server!.Lost);
    }

    [Fact]
    public void A_server_without_room_to_wake_in_dies_of_it()
    {
        var world = new World(OneGpu(Server(0.1, 0.3), HungryBatch()), seed: 4, Nine);
        world.Sleep("server");
        world.SetVramCap("server", GiB);
        world.Wake("server");
        world.Advance(world["server"].Spec.WakeTime);

        Assert.Equal((false, 1), (world["server"].Alive, world["server"].OutOfMemoryCount));
    }

    [Fact]
    public void Told_to_sleep_again_while_waking_it_stays_asleep()
    {
        var world = new World(OneGpu(Server(0.1, 0.3)), seed: 4, Nine);
        world.Sleep("server");
        world.Wake("server");
        world.Sleep("server");
        world.Advance(Minute);

        Assert.True(world["server"].Asleep);
    }

    [Fact]
    public void A_restart_ends_the_sleep()
    {
        var world = new World(OneGpu(Server(0.1, 0.3)), seed: 4, Nine);
        world.Sleep("server");
        world.Stop("server");
        world.Start("server");
        world.Advance(Minute);

        Assert.True(world["server"] is { Ready: true, Asleep: false });
    }
}
