using Headroom.Model.Reasons;
using Headroom.Simulate;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>VRAM goes from batch to a critical model when it is needed there, and back when it is not.</summary>
public sealed class MovingMemoryTests(ITestOutputHelper output)
{
    private const string Policy = """
        apiVersion: headroom/v1
        mode: enforce
        vram: { strategy: priority, reserve: 2GiB }
        workloads:
          - name: chat
            match: { container: chat }
            priority: critical
            vram: { guarantee: GUARANTEE }
          - name: embedding
            match: { container: embedding }
            priority: batch
            restart: { allowed: true }
        rules:
          runawayMemory: off            # an allocator that fills what is free is no leak here
        """;

    private static readonly TimeSpan Morning = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Evening = TimeSpan.FromMinutes(16);
    private static readonly TimeSpan End = TimeSpan.FromMinutes(22);

    private static TrialAt At(Story story, TimeSpan at) => new(story.Ticks.Last(tick => tick.At <= at).Workloads);

    private sealed record TrialAt(IReadOnlyDictionary<string, Headroom.Run.Trials.TrialPoint> Workloads)
    {
        public double ChatCap => Workloads["chat"].CapBytes / (double)GiB ?? double.NaN;
        public double BatchCap => Workloads["embedding"].CapBytes / (double)GiB ?? double.NaN;
    }

    [Fact]
    public void Caps_follow_a_critical_model_that_grows_with_its_traffic_and_goes_to_sleep_in_the_evening()
    {
        var chat = Server("chat", 0.1, 0.1);
        var story = new Situation(
            Policy.Replace("GUARANTEE", "5GiB", StringComparison.Ordinal),
            chat with
            {
                Memory = chat.Memory with { FragmentBytesPerRequest = 50 * MiB, FragmentLimitBytes = 16 * GiB },
                Serving = chat.Serving! with { Arrivals = new DayCurve([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12]) },
            },
            Server("embedding", 0.1, 0.1, weightsGiB: 8))
        {
            StartsAt = new(2026, 3, 2, 8, 56, 0, TimeSpan.Zero),
            // Its users put it to sleep: it keeps its context and nothing else.
            Meanwhile = (world, at) =>
            {
                if (at == Evening)
                    world.Sleep("chat");
            },
        }.Run(End);

        var (night, day, late) = (At(story, Morning), At(story, Evening), At(story, End));
        output.WriteLine($"chat {night.ChatCap:0.0} {day.ChatCap:0.0} {late.ChatCap:0.0}, embedding {night.BatchCap:0.0} {day.BatchCap:0.0} {late.BatchCap:0.0}");
        Assert.True(day.ChatCap > night.ChatCap + 6);
        Assert.True(day.BatchCap < night.BatchCap - 8);
        Assert.True(late.BatchCap > day.BatchCap + 8);
        Assert.All(story.Ticks, tick => Assert.True(tick.Workloads.Values.Sum(point => point.CapBytes ?? 0) <= Card.TotalBytes - Card.ReservedBytes - 2 * GiB));
        Assert.All(story.Ticks.SelectMany(tick => tick.Workloads.Values), point => Assert.True(point is { Alive: true, OutOfMemory: 0, RunFraction: 1 }));
    }

    /// <summary>The batch's allocator has grown over the night into all that nobody used: 30 GiB. Then somebody starts the critical model.</summary>
    private static Situation StartedInTheMorning
    {
        get
        {
            var batch = Server("embedding", 0.1, 0.1, weightsGiB: 6);
            return new Situation(
                Policy.Replace("GUARANTEE", "21GiB", StringComparison.Ordinal), Server("chat", 0.1, 0.1, weightsGiB: 20),
                batch with { Memory = batch.Memory with { FragmentBytesPerRequest = 100 * MiB, FragmentLimitBytes = 24 * GiB } })
            {
                Meanwhile = (world, at) =>
                {
                    if (at == TimeSpan.Zero || at == Evening)
                        world.Stop("chat");
                    else if (at == Morning)
                        world.Start("chat");
                },
            };
        }
    }

    [Fact]
    public void A_batch_that_holds_what_a_critical_model_is_guaranteed_goes_and_comes_back()
    {
        var story = StartedInTheMorning.Run(End);
        output.WriteLine(story.Diary);

        var (night, day, late) = (At(story, Morning), At(story, Evening), At(story, End));
        output.WriteLine($"embedding held {night.Workloads["embedding"].HeldBytes / MiB}, {day.Workloads["embedding"].HeldBytes / MiB}, {late.Workloads["embedding"].HeldBytes / MiB} MiB");
        Assert.True(night.Workloads["embedding"].HeldBytes > 28 * GiB);
        Assert.True(day.Workloads["embedding"].HeldBytes < GiB);
        Assert.True(day.Workloads["chat"] is { Alive: true, OutOfMemory: 0, HeldBytes: > 20 * GiB, Completed: > 500 });
        Assert.NotEmpty(story.With(VramCapsReasons.GivesUpMemory));
        Assert.True(late.Workloads["embedding"] is { Alive: true, RunFraction: 1, HeldBytes: > 10 * GiB, OutOfMemory: 0 });
    }

    [Fact]
    public void Without_the_planner_that_model_does_not_even_load()
    {
        var story = StartedInTheMorning.Run(End, managed: false);
        Assert.True(story.Of("chat").Last().OutOfMemory > 0);
        Assert.Equal(At(story, Morning).Workloads["chat"].Completed, At(story, Evening).Workloads["chat"].Completed);
    }
}
