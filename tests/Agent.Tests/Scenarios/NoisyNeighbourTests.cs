using Headroom.Model;
using Headroom.Simulate;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>Four neighbours on one GPU. At two past nine one of them starts a batch, and the latency of the critical model jumps.</summary>
public sealed class NoisyNeighbourTests(ITestOutputHelper output)
{
    private const string Policy = """
        apiVersion: headroom/v1
        mode: enforce
        workloads:
          - name: chat
            match: { container: chat }
            priority: critical
            slo: { p95: 700ms }
          - name: embedding
            match: { container: embedding }
            priority: batch
            yields: share
          - name: thumbnails
            match: { container: thumbnails }
            priority: batch
            yields: share
          - name: reports
            match: { container: reports }
            priority: batch
            yields: share
        """;

    private static readonly TimeSpan Start = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(14);
    private static readonly string[] Innocents = ["thumbnails", "reports"];

    /// <param name="weight">Of the batch's kernels among the time slices: 1000 leave nothing to the others.</param>
    private static Situation Node(double weight, long seed) => new(
        Policy,
        Server("chat", workSeconds: 0.1, load: 0.3),
        Batch("embedding", workSeconds: 60, at: new TimeSpan(9, 2, 0)) with { Weight = weight },
        Server("thumbnails", workSeconds: 0.03, load: 0.05),
        Server("reports", workSeconds: 0.02, load: 0.04)) { Seed = seed };

    private sealed record Seen(long Seed, string Guilty, bool InnocentsFree, double LeastShare, double WorstPressure, double? P95, TimeSpan Over, bool Released)
    {
        public bool IsRight => Guilty == "embedding" && InnocentsFree && LeastShare < 1 && P95 <= 0.7 && Released;
    }

    private static Seen Look(Story story, long seed)
    {
        var done = story.Of("embedding").Last().WorkSeconds;
        var over = story.Ticks.First(tick => tick.Workloads["embedding"].WorkSeconds >= done).At;
        // From the trial's clock to the world's, which began ten minutes earlier.
        var during = story.Trial.Server("chat").Requests
            .Where(request => request.Arrived - SimulatedNode.WarmUp is var at && at > Start + Settling && at < over)
            .Select(request => request.Sojourn.TotalSeconds).Order().ToList();
        return new Seen(
            seed,
            string.Join(',', story.Blames.SelectMany(blame => blame.Neighbours).Where(neighbour => neighbour.Guilty).Select(neighbour => neighbour.Workload).Distinct()),
            Innocents.All(story.Untouched),
            story.Of("embedding").Min(point => point.RunFraction),
            story.Of("chat").Max(point => point.Pressure) ?? 0,
            during.Count > 0 ? during[(int)(0.95 * (during.Count - 1))] : null,
            over,
            story.Ticks[^1].Holds.Count == 0 && story.Ticks[^1].Workloads.Values.All(point => point.RunFraction == 1));
    }

    [Fact]
    public void Without_anybody_who_acts_the_model_misses_its_SLO_as_long_as_the_batch_runs()
    {
        var seen = Look(Node(weight: 3, seed: 1).Run(Length, managed: false), 1);
        output.WriteLine($"{seen}");
        Assert.True(seen.WorstPressure > 5, $"{seen}");
    }

    [Fact]
    public void The_guilty_one_is_blamed_and_throttled_the_latency_comes_back_and_the_innocent_run_on_in_nine_of_ten_runs() => InNineOfTen(weight: 3);

    [Fact]
    public void A_model_that_is_starved_outright_and_completes_nothing_is_freed_too_in_nine_of_ten_runs() => InNineOfTen(weight: 1000);

    private void InNineOfTen(double weight)
    {
        var right = 0;
        for (var seed = 1; seed <= 10; seed++)
        {
            var story = Node(weight, seed).Run(Length);
            var seen = Look(story, seed);
            output.WriteLine($"{seen}");
            if (seen.IsRight)
                right++;
            else
                output.WriteLine(story.Diary);
        }
        Assert.True(right >= 9, $"{right} of 10");
    }
}
