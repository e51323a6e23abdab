using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class GpuBodyTests
{
    [Fact]
    public void A_card_with_a_bad_cooler_slows_down_and_recovers()
    {
        var scenario = OneGpu(HungryBatch());
        scenario = scenario with { Gpus = [scenario.Gpus[0] with { DegreesPerWatt = 0.3 }] };
        var world = new World(scenario, seed: 1, Nine);
        var body = world.Gpus[0].Body;

        world.Advance(TimeSpan.FromMinutes(10));
        Assert.True(body.Celsius is > 80 and < 90, $"{body.Celsius} degrees");
        Assert.True(world["batch"].WorkSeconds(world.Elapsed) < 590, "it went at full speed all the time");
        var throttled = Enumerable.Range(0, 300).Count(_ =>
        {
            world.Advance(TimeSpan.FromSeconds(1));
            return (body.ThrottleBits & GpuBody.ThermalBit) != 0;
        });
        Assert.InRange(throttled, 30, 300);

        world.SetRunFraction("batch", 0);
        world.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(GpuBody.IdleBit, body.ThrottleBits);
        Assert.True(body.Celsius < 45, $"{body.Celsius} degrees when idle");
        Assert.Equal(world.Gpus[0].Spec.IdleWatts, body.Watts, 1e-9);
    }

    [Fact]
    public void A_card_at_its_power_limit_lowers_its_clocks_not_its_limit()
    {
        var hungry = HungryBatch() with { Profile = new GpuProfile(Power: 1) };
        var scenario = OneGpu(hungry);
        scenario = scenario with { Gpus = [scenario.Gpus[0] with { FullWatts = 400, LimitWatts = 300 }] };
        var world = new World(scenario, seed: 1, Nine);
        world.Advance(TimeSpan.FromMinutes(1));
        var body = world.Gpus[0].Body;

        Assert.Equal(300, body.Watts);
        Assert.Equal(GpuBody.PowerCapBit, body.ThrottleBits);
        Assert.InRange(body.Clock, 0.8, 0.95);
        Assert.InRange(body.EnergyJoules, 0.95 * 300 * 60, 300 * 60);
    }
}
