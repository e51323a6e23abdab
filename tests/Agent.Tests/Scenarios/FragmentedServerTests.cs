using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Simulate;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>A painter of pictures of all sizes: its allocator keeps more and more that nobody can use.</summary>
public sealed class FragmentedServerTests
{
    private const string Policy = """
        apiVersion: headroom/v1
        mode: enforce
        workloads:
          - name: painter
            match: { container: painter }
            restart: { allowed: ALLOWED, maxPerDay: 1 }
        rules:
          fragmentation: { above: 30%, for: 10m, when: idle }
        """;

    private static Story Day(MemorySpec memory, bool allowed) => new Situation(
        Policy.Replace("ALLOWED", allowed ? "true" : "false", StringComparison.Ordinal),
        Server("painter", workSeconds: 4.5, load: 0.08) with { Memory = memory }).Run(TimeSpan.FromMinutes(60));

    private static MemorySpec Fragments => new() { WeightsBytes = 6_700 * MiB, FragmentBytesPerRequest = 100 * MiB, FragmentLimitBytes = 4 * GiB };
    // Not fragmentation: it takes a pool with its first request and keeps it, after each restart again.
    private static MemorySpec Pool => new() { WeightsBytes = 5 * GiB, WorkingBytes = 6 * GiB };

    [Fact]
    public void It_is_restarted_once_when_it_is_idle_and_its_memory_comes_back()
    {
        var story = Day(Fragments, allowed: true);
        var restart = Assert.Single(story.Impulses);
        var at = restart.At - new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
        var before = story.Ticks.Last(tick => tick.At < at).Workloads["painter"].HeldBytes;
        var after = story.Ticks.First(tick => tick.At >= at + TimeSpan.FromMinutes(2)).Workloads["painter"].HeldBytes;

        Assert.Equal((ImpulseKind.Restart, RuleName.Fragmentation, true), (restart.Kind, restart.Rule, restart.Helped));
        Assert.True(after < 0.9 * before, $"{before / MiB} MiB before, {after / MiB} after");
        Assert.Equal(0, story.Of("painter").Last().OutOfMemory);
    }

    [Fact]
    public void One_that_a_restart_does_not_help_is_not_restarted_again()
    {
        var story = Day(Pool, allowed: true);
        Assert.False(Assert.Single(story.Impulses).Helped);
        Assert.NotEmpty(story.With(FragmentationReasons.DidNotHelp));
    }

    [Fact]
    public void Where_restarts_are_not_allowed_it_is_only_told()
    {
        var story = Day(Fragments, allowed: false);
        Assert.Empty(story.Impulses);
        Assert.All(story.Of("painter"), point => Assert.True(point.Alive));
        Assert.Contains(story.Told, told => told.Decision.Rule == RuleName.Fragmentation);
    }
}
