using System.Diagnostics;
using CsCheck;
using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class WorldTests
{
    [Fact]
    public void It_does_not_matter_into_how_many_pieces_time_is_cut()
    {
        var minutes = TimeSpan.FromMinutes(20);
        var whole = new World(DefaultScenario.Create(), seed: 7, Nine);
        whole.Advance(minutes);
        var expected = Digest(whole);

        Gen.Int[0, (int)minutes.TotalMilliseconds].Array[0, 40].Sample(cuts =>
        {
            var pieces = new World(DefaultScenario.Create(), seed: 7, Nine);
            foreach (var cut in cuts.Order())
                pieces.Advance(TimeSpan.FromMilliseconds(cut) - pieces.Elapsed);
            pieces.Advance(minutes - pieces.Elapsed);
            Assert.Equal(expected, Digest(pieces));
        }, iter: 20);
    }

    [Fact]
    public void Another_seed_is_another_day()
    {
        var one = new World(DefaultScenario.Create(), seed: 1, Nine);
        var two = new World(DefaultScenario.Create(), seed: 2, Nine);
        one.Advance(TimeSpan.FromMinutes(1));
        two.Advance(TimeSpan.FromMinutes(1));

        Assert.NotEqual(Digest(one), Digest(two));
    }

    [Fact]
    public void A_day_of_the_default_server_runs_in_seconds()
    {
        var watch = Stopwatch.StartNew();
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);

        world.Advance(TimeSpan.FromDays(1));

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
        Assert.True(world["recommender"].Server!.Metrics.Requests > 100_000);
    }

    [Fact]
    public void An_unknown_workload_is_named_with_those_there_are()
    {
        var world = new World(OneGpu(Server(0.1, 0.1), HungryBatch()), seed: 1, Nine);

        var error = Assert.Throws<ArgumentException>(() => world.Stop("sever"));

        Assert.Contains("'sever'; there are: server, batch", error.Message);
    }

    [Fact]
    public void A_workload_must_either_serve_or_burst()
    {
        var both = Server(0.1, 0.1) with { Bursts = HungryBatch().Bursts };

        Assert.Throws<ArgumentException>(() => new World(OneGpu(both), seed: 1, Nine));
    }

    /// <summary>All that can be seen of a world, bit for bit.</summary>
    private static string Digest(World world) => string.Join("\n",
    [
        .. world.Gpus.Select(gpu => string.Join(" ", gpu.UsedBytes, Bits(gpu.BusySeconds(world.Elapsed)), Bits(gpu.SwitchingSeconds(world.Elapsed)),
            Bits(gpu.Body.EnergyJoules), Bits(gpu.Body.Celsius), gpu.Body.ThrottleBits, gpu.Faults.EccCorrected, gpu.Faults.XidCount)),
        .. world.Workloads.Select(workload => string.Join(" ", workload.Name, workload.InstanceId, workload.Pid, workload.HeldBytes,
            Bits(workload.WorkSeconds(world.Elapsed)), workload.Server?.Running, workload.Server?.Waiting, workload.Server?.Metrics.Requests,
            workload.Server?.Metrics.GeneratedTokens,
            string.Join(",", workload.Server?.Metrics.Histograms().Select(pair => $"{pair.Key} {string.Join(",", pair.Value.Cumulative)} {Bits(pair.Value.SumSeconds!.Value)}") ?? []))),
    ]);

    private static long Bits(double value) => BitConverter.DoubleToInt64Bits(value);
}
