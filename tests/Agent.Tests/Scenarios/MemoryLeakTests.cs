using Headroom.Model;
using Headroom.Simulate;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>A transcriber leaks 8 MiB with each request, one a second, and may be restarted. Its neighbour, a chat model, is quiet until nine o'clock and takes 6 GiB with its first request.</summary>
public sealed class MemoryLeakTests(ITestOutputHelper output)
{
    private const string Policy = """
        apiVersion: headroom/v1
        mode: enforce
        vram: { reserve: 1GiB }
        workloads:
          - name: chat
            match: { container: chat }
            priority: critical
            vram: { guarantee: 15GiB }
          - name: transcriber
            match: { container: transcriber }
            priority: batch
            restart: { allowed: true }
        """;

    private static Situation Morning()
    {
        var chat = Server("chat", workSeconds: 0.1, load: 0.1, weightsGiB: 8);
        var transcriber = Server("transcriber", workSeconds: 0.1, load: 0.1);
        return new Situation(
            Policy,
            chat with
            {
                Memory = chat.Memory with { WorkingBytes = 6 * GiB },
                Serving = chat.Serving! with { Arrivals = new DayCurve([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) },
            },
            transcriber with { Memory = transcriber.Memory with { LeakBytesPerRequest = 8 * MiB } }) { StartsAt = new(2026, 3, 2, 8, 22, 0, TimeSpan.Zero) };
    }

    [Fact]
    public void Nobody_stops_it_and_its_neighbour_runs_out_of_memory()
    {
        var story = Morning().Run(TimeSpan.FromMinutes(60), managed: false);
        output.WriteLine($"out of memory: chat {story.Of("chat").Last().OutOfMemory}, transcriber {story.Of("transcriber").Last().OutOfMemory}");
        Assert.True(story.Of("chat").Last().OutOfMemory > 0);
    }

    [Fact]
    public void It_is_stopped_before_its_neighbour_runs_out()
    {
        var story = Morning().Run(TimeSpan.FromMinutes(60));
        output.WriteLine(story.Diary);
        output.WriteLine($"out of memory: chat {story.Of("chat").Last().OutOfMemory}, transcriber {story.Of("transcriber").Last().OutOfMemory}");

        Assert.Equal(0, story.Of("chat").Last().OutOfMemory);
        Assert.True(story.Of("chat").Last().Completed > 100);
        Assert.Contains(story.Told, told => told.Decision is { Rule: RuleName.RunawayMemory, Verdict: Verdict.Move, Workload: "transcriber" });
        Assert.True(story.Untouched("chat"));
    }
}
