using Headroom.Model.Reasons;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>A card that is sold as 40 GB reports 40,536 MiB, 422 of them the driver's own: 20 + 15 + 5 GiB do not fit on it.</summary>
public sealed class FortyGigabyteCardTests
{
    private const string Policy = """
        apiVersion: headroom/v1
        mode: enforce
        vram: { strategy: fixed, reserve: 5GiB }
        workloads:
          - name: recommender
            match: { container: recommender }
            priority: critical
            slo: { p95: 80ms }
            vram: { guarantee: 20GiB, cap: 20GiB }
          - name: vision
            match: { container: vision }
            vram: { guarantee: 15GiB, cap: 15GiB }
        """;

    private readonly Story _story = new Situation(
        Policy, Server("recommender", workSeconds: 0.012, load: 0.2, weightsGiB: 18), Server("vision", workSeconds: 0.018, load: 0.15, weightsGiB: 13)).Run(TimeSpan.FromMinutes(10));

    [Fact]
    public void Both_models_get_what_is_written_and_the_reserve_shrinks_with_a_warning()
    {
        var end = _story.Ticks[^1].Workloads;
        Assert.Equal((20 * GiB, 15 * GiB), (end["recommender"].CapBytes, end["vision"].CapBytes));

        var warning = Assert.Single(_story.With(VramCapsReasons.ReserveShrunk)).Reason;
        var reserve = (long)warning.Values["reserve"].Number;
        Assert.InRange(reserve, 4 * GiB, 5 * GiB - 1);
        Assert.All(_story.Ticks.Skip(1), tick => Assert.True(
            tick.Workloads.Values.Sum(point => point.CapBytes!.Value) + reserve <= Card.TotalBytes - Card.ReservedBytes));
    }

    [Fact]
    public void Both_run_on_and_nobody_is_killed_or_slowed()
    {
        foreach (var name in (string[])["recommender", "vision"])
        {
            Assert.All(_story.Of(name), point => Assert.True(point is { Alive: true, OutOfMemory: 0, RunFraction: 1 }));
            Assert.Equal(0, _story.Trial.Server(name).Lost);
            Assert.True(_story.Of(name).Last().Completed > 1000);
        }
        Assert.Empty(_story.Impulses);
    }
}
