using Headroom.Model;
using Headroom.Simulate;
using Microsoft.Extensions.Time.Testing;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class SimulatedLatencyTests
{
    private readonly FakeTimeProvider _time = new(Nine);

    [Fact]
    public void Histograms_are_cumulative_and_only_grow()
    {
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);
        var before = new Dictionary<(string, LatencySignal), LatencyHistogram>();
        for (var minute = 0; minute < 60; minute++)
        {
            world.Advance(TimeSpan.FromMinutes(1));
            foreach (var workload in world.Workloads)
            {
                foreach (var (signal, histogram) in Scrapes.Of(workload, default)?.Histograms ?? new Dictionary<LatencySignal, LatencyHistogram>())
                {
                    Assert.Equal(histogram.UpperBounds.Count + 1, histogram.Cumulative.Count);
                    Assert.Equal(histogram.Cumulative.Order(), histogram.Cumulative);
                    if (before.TryGetValue((workload.Name, signal), out var last))
                    {
                        Assert.All(Enumerable.Range(0, last.Cumulative.Count), i => Assert.True(histogram.Cumulative[i] >= last.Cumulative[i]));
                        Assert.True(histogram.SumSeconds >= last.SumSeconds);
                    }
                    before[(workload.Name, signal)] = histogram;
                }
            }
        }

        Assert.Equal(6, before.Count);
        Assert.All(before.Values, histogram => Assert.True(histogram.Count > 0));
    }

    [Fact]
    public void The_tokens_of_a_language_model_add_up()
    {
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);
        world.Advance(TimeSpan.FromHours(1));

        var scrape = Scrapes.Of(world["chat"], default)!;

        // Each token but a request's first came some time after another.
        var first = scrape.Histograms[LatencySignal.TimeToFirstToken].Count;
        Assert.Equal(scrape.GeneratedTokens, first + scrape.Histograms[LatencySignal.InterToken].Count);
        Assert.Equal(scrape.Running + scrape.Requests, scrape.Histograms[LatencySignal.Queue].Count);
        Assert.InRange(scrape.KvCacheRatio!.Value, 0, 1);
        Assert.True(scrape.Histograms[LatencySignal.TimeToFirstToken].SumSeconds / first < scrape.Histograms[LatencySignal.EndToEnd].SumSeconds / scrape.Requests);
    }

    [Fact]
    public void Each_server_tells_only_what_its_kind_tells()
    {
        var node = Watched();

        var samples = Samples(node);

        Assert.Equal(["chat", "painter", "recommender", "transcriber", "vision"], samples.Keys.Order());
        Assert.All(samples["vision"].Signals, signal => Assert.Equal(LatencyKind.MeanOnly, signal.Kind));
        Assert.Null(samples["vision"].Running);
        Assert.Equal(
            [LatencySignal.EndToEnd, LatencySignal.TimeToFirstToken, LatencySignal.InterToken, LatencySignal.Queue],
            samples["chat"].Signals.Select(signal => signal.Signal).Order());
        Assert.Empty(samples["painter"].Signals);
        Assert.True(samples["painter"].ReservedBytes > samples["painter"].AllocatedBytes);
        Assert.Null(samples["recommender"].ReservedBytes);
        Assert.All(samples.Values, sample => Assert.Equal(_time.Mono(), sample.At));
    }

    [Fact]
    public void What_has_no_endpoint_says_so()
    {
        var node = Watched();

        var batch = Of(node, "nightly-embedding");

        Assert.Null(batch.Detected);
        Assert.Null(batch.Latest.Sample);
        Assert.NotNull(batch.Latest.Error);
    }

    [Fact]
    public void Only_the_watched_are_read_and_the_protected_more_often()
    {
        var node = new SimulatedNode(new SimulationOptions(), _time);
        Assert.Empty(node.Latency.Sweep().ByInstance);
        node.Latency.Watch(SimulatedNodeTests.WatchAll(node));
        for (var second = 0; second < 5; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            node.Latency.Sweep(all: second == 0);
        }

        Assert.Equal(5, Of(node, "recommender").Latest.Attempts);
        Assert.Equal(1, Of(node, "vision").Latest.Attempts);

        node.Latency.Watch(LatencyWatchList.Empty);
        Assert.Empty(node.Latency.Latest.ByInstance);
    }

    [Fact]
    public void At_night_a_model_without_requests_is_idle_not_unknown()
    {
        var node = Watched(new SimulationOptions { StartsAt = Nine.AddHours(-6) });
        _time.Advance(TimeSpan.FromMinutes(5));
        node.Latency.Sweep();

        var chat = Of(node, "chat").Latest;

        Assert.Null(chat.Error);
        Assert.True(chat.Sample!.IsIdle);
        Assert.Equal(TimeSpan.Zero, chat.Sample.Stalled);
        Assert.False(Of(node, "recommender").Latest.Sample!.IsIdle);
    }

    [Fact]
    public void A_frozen_server_does_not_answer_and_the_last_good_sample_stays()
    {
        var node = Watched();
        var before = Of(node, "chat").Latest.Sample;
        node.Levers.SetRunFraction("chat", 0);
        _time.Advance(TimeSpan.FromSeconds(1));
        node.Latency.Sweep();

        var latest = Of(node, "chat").Latest;

        Assert.Contains("no answer", latest.Error);
        Assert.Same(before, latest.Sample);
    }

    [Fact]
    public void A_server_starved_of_all_progress_is_seen_to_stall()
    {
        var starving = Server(0.2, 0.5) with { Weight = 1e-9 };
        var node = new SimulatedNode(OneGpu(starving, HungryBatch()), new SimulationOptions(), _time);
        node.Latency.Watch(SimulatedNodeTests.WatchAll(node));
        for (var second = 0; second < 30; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            node.Latency.Sweep();
        }

        var sample = Of(node, "server").Latest.Sample!;

        Assert.False(sample.IsIdle);
        Assert.True(sample.Waiting > 0);
        Assert.InRange(sample.Stalled, TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(31));
    }

    [Fact]
    public void A_server_that_dies_and_comes_back_counts_from_nothing_without_a_spike()
    {
        var leaky = Server(0.1, 0.5) with { Memory = new MemorySpec { WeightsBytes = 30L << 30, LeakBytesPerRequest = 100L << 20 } };
        var node = new SimulatedNode(OneGpu(leaky), new SimulationOptions(), _time);
        node.Latency.Watch(SimulatedNodeTests.WatchAll(node));
        var (restarts, last, refused) = (0, 0.0, 0);
        for (var second = 0; second < 180; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            node.Latency.Sweep();
            var latest = Of(node, "server").Latest;
            refused += latest.Error?.Contains("refused") == true ? 1 : 0;
            if (latest.Error is not null || latest.Sample is not { Requests: { } requests } sample)
                continue;
            restarts += requests < last ? 1 : 0;
            last = requests;
            Assert.All(sample.Signals, signal => Assert.True(signal.WindowCount >= 0 && signal.MeanSeconds is null or < 5));
        }

        Assert.True(restarts >= 1, "it never died");
        Assert.True(refused >= 10, "nobody answers while it is down");
    }

    [Fact]
    public void At_a_thousand_times_the_speed_windows_still_cover_the_last_requests()
    {
        var node = Watched(new SimulationOptions { Speed = 1_000 });

        var signal = Samples(node)["recommender"].Signals.Single();

        Assert.True(signal.WindowCount >= 50, $"{signal.WindowCount} requests in the window");
        Assert.True(signal.WindowLength <= TimeSpan.FromMinutes(5), $"a window of {signal.WindowLength}");
        Assert.InRange(signal.MeanSeconds!.Value, 0.01, 1);
    }

    private SimulatedNode Watched(SimulationOptions? options = null)
    {
        var node = new SimulatedNode(options ?? new SimulationOptions(), _time);
        node.Latency.Watch(SimulatedNodeTests.WatchAll(node));
        node.Latency.Sweep();
        _time.Advance(TimeSpan.FromSeconds(10));
        node.Latency.Sweep();
        return node;
    }

    private static Dictionary<string, LatencySample> Samples(SimulatedNode node) => node.Workloads.Sweep().Containers
        .Select(container => (container.Name, Sample: Of(node, container.Name).Latest.Sample))
        .Where(pair => pair.Sample is not null)
        .ToDictionary(pair => pair.Name, pair => pair.Sample!);

    private static WorkloadLatency Of(SimulatedNode node, string workload) =>
        node.Latency.Latest.ByInstance[node.Workloads.Sweep().Containers.Single(container => container.Name == workload).Id.InstanceId];
}
