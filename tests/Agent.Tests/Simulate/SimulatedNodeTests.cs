using System.Text.Json;
using Headroom.Model;
using Headroom.Simulate;
using Microsoft.Extensions.Time.Testing;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class SimulatedNodeTests
{
    private readonly FakeTimeProvider _time = new(Nine);

    [Fact]
    public void The_same_seed_and_clock_give_the_same_readings_to_the_byte()
    {
        Assert.Equal(Readings(seed: 5), Readings(seed: 5));
        Assert.NotEqual(Readings(seed: 5), Readings(seed: 6));

        static string Readings(long seed)
        {
            var time = new FakeTimeProvider(Nine);
            var node = new SimulatedNode(new SimulationOptions { Seed = seed }, time);
            var pages = new List<string>();
            node.Latency.Watch(WatchAll(node));
            for (var second = 0; second < 30; second++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                pages.Add(JsonSerializer.Serialize(node.Gpus.Sweep()));
                pages.Add(JsonSerializer.Serialize(node.Workloads.Sweep()));
                pages.Add(JsonSerializer.Serialize(node.Latency.Sweep().ByInstance.Values.Select(latency => latency.Latest.Sample?.Signals)));
            }
            return string.Join("\n", pages);
        }
    }

    [Fact]
    public void There_are_two_cards_and_seven_containers_from_the_first_look()
    {
        var node = new SimulatedNode(new SimulationOptions(), _time);

        var gpus = node.Gpus.Sweep();
        var containers = node.Workloads.Sweep().Containers;

        Assert.Equal("simulated", gpus.Driver.Source);
        Assert.Equal([40_536L << 20, 81_559L << 20], gpus.Gpus.Select(gpu => gpu.Memory.Known()!.Value.TotalBytes));
        Assert.Equal(7, containers.Count);
        Assert.All(containers, container => Assert.Equal(ContainerState.Running, container.State));
        Assert.All(containers, container => Assert.Matches("^[0-9a-f]{64}$", container.Id.InstanceId));
        Assert.All(containers, container => Assert.True(container.Id.StartedAt < _time.GetUtcNow()));
        Assert.Single(containers, container => container.Labels.Count == 0);
        Assert.All(containers, container => Assert.Contains(gpus.Gpus.SelectMany(gpu => gpu.Processes!), process =>
            process.ContainerId == container.Id.InstanceId && process.Pid == container.Pid && process.UsedBytes > 0));
        Assert.Contains(gpus.Gpus[0].Processes!, process => process.ContainerId is null);
        Assert.All(gpus.Gpus, gpu => Assert.True(gpu.Activity.Utilization.Known() > 0, "warmed up: there is use at the first look"));
    }

    [Fact]
    public void Only_the_hopper_card_has_performance_monitoring()
    {
        var gpus = new SimulatedNode(new SimulationOptions(), _time).Gpus.Sweep().Gpus;

        Assert.Equal(ReadingState.Unsupported, gpus[0].Activity.Gpm!.SmActive.State);
        Assert.Equal(ReadingState.Fresh, gpus[1].Activity.Gpm!.SmActive.State);
        Assert.True(gpus[1].Activity.Gpm!.SmActive.Known() <= gpus[1].Activity.Utilization.Known());
    }

    [Fact]
    public void Shares_of_time_are_over_the_time_since_the_look_before()
    {
        var node = new SimulatedNode(OneGpu(HungryBatch()), new SimulationOptions(), _time);
        node.Gpus.Sweep();

        Assert.Equal(1, Use(TimeSpan.FromSeconds(1)), 1e-9);
        node.Levers.SetRunFraction("batch", 0);
        Assert.Equal(0, Use(TimeSpan.FromSeconds(1)));
        node.Levers.SetRunFraction("batch", 0.5);
        Assert.Equal(0.5, Use(TimeSpan.FromSeconds(1)), 1e-9);
        // Twice at the same moment: still the last that was known.
        Assert.Equal(0.5, Use(TimeSpan.Zero), 1e-9);

        double Use(TimeSpan later)
        {
            _time.Advance(later);
            var gpu = node.Gpus.Sweep().Gpus[0];
            Assert.Equal(gpu.Activity.Utilization.Known()!.Value, gpu.Processes![0].Use!.Value.Sm, 1e-9);
            return gpu.Activity.Utilization.Known()!.Value;
        }
    }

    [Fact]
    public void Nothing_to_do_is_idle_not_unknown()
    {
        var node = new SimulatedNode(new SimulationOptions { StartsAt = Nine.AddHours(-6) }, _time);

        var gpu = node.Gpus.Sweep().Gpus[1];

        Assert.Equal(ReadingState.Idle, gpu.Activity.Utilization.State);
        Assert.Equal(0, gpu.Activity.Utilization.Known());
    }

    [Fact]
    public void Sixty_times_as_fast_shows_a_minute_in_a_second()
    {
        var node = new SimulatedNode(OneGpu(Server(0.1, 0.5)), new SimulationOptions { Speed = 60 }, _time);
        var before = node.Look((world, now) => (world.Elapsed, now));
        _time.Advance(TimeSpan.FromSeconds(1));
        var after = node.Look((world, now) => (world.Elapsed, now));

        Assert.Equal(TimeSpan.FromMinutes(1), after.Elapsed - before.Elapsed);
        Assert.Equal(TimeSpan.FromMinutes(1), after.now.Simulated - before.now.Simulated);
        Assert.Equal(TimeSpan.FromSeconds(1), after.now.Host - before.now.Host);
    }

    [Fact]
    public void It_starts_at_nine_of_the_day_unless_told_otherwise()
    {
        var night = new FakeTimeProvider(Nine.AddHours(-7)) { AutoAdvanceAmount = TimeSpan.Zero };
        night.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(8), "test", "test"));

        Assert.Equal(Nine, new SimulatedNode(new SimulationOptions(), night).Look((world, _) => world.WallAt));
        Assert.Equal(Nine.AddDays(3), new SimulatedNode(new SimulationOptions { StartsAt = Nine.AddDays(3) }, night).Look((world, _) => world.WallAt));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(100_000)]
    [InlineData(double.NaN)]
    public void A_speed_that_cannot_be_kept_is_refused(double speed) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SimulatedNode(new SimulationOptions { Speed = speed }, _time));

    [Fact]
    public void An_unknown_scenario_is_refused_with_those_there_are()
    {
        var error = Assert.Throws<ArgumentException>(() => new SimulatedNode(new SimulationOptions { Scenario = "night" }, _time));

        Assert.Contains("'night'; there is: default", error.Message);
    }

    [Fact]
    public async Task Each_source_publishes_each_second_until_it_is_told_to_stop()
    {
        var node = new SimulatedNode(new SimulationOptions(), _time);
        node.Latency.Watch(WatchAll(node));
        using var stop = new CancellationTokenSource();
        var loops = new[] { node.Gpus.RunAsync(stop.Token), node.Workloads.RunAsync(stop.Token), node.Latency.RunAsync(stop.Token) };
        var chat = node.Workloads.Sweep().Containers.Single(container => container.Name == "chat").Id.InstanceId;

        for (var second = 1; second <= 3; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            var due = _time.Mono();
            await Until(() => node.Gpus.Latest.Succeeded == due && node.Workloads.Latest.Succeeded == due
                && node.Latency.Latest.ByInstance[chat].Latest.Succeeded == due);
        }
        await stop.CancelAsync();
        await Task.WhenAll(loops).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Levers_and_looks_from_many_threads_agree_on_one_world()
    {
        var node = new SimulatedNode(new SimulationOptions(), _time);
        node.Latency.Watch(WatchAll(node));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
        {
            for (var round = 0; round < 50; round++)
            {
                _time.Advance(TimeSpan.FromMilliseconds(20));
                node.Levers.SetRunFraction("nightly-embedding", (i + round) % 5 / 4.0);
                var gpu = node.Gpus.Sweep().Gpus[0].Memory.Known()!.Value;
                Assert.Equal(gpu.TotalBytes, gpu.ReservedBytes + gpu.UsedBytes + gpu.FreeBytes);
                node.Latency.Sweep();
                node.Workloads.Sweep();
            }
        }, TestContext.Current.CancellationToken)));

        Assert.Equal(TimeSpan.FromSeconds(8), node.Look((world, _) => world.Elapsed) - TimeSpan.FromMinutes(10));
    }

    internal static LatencyWatchList WatchAll(SimulatedNode node) =>
        new([.. node.Workloads.Sweep().Containers.Select(container => new LatencyTarget(container, null, [], container.Name is "recommender" or "chat"))], []);

    private static async Task Until(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
            await Task.Delay(5, deadline.Token);
    }
}
