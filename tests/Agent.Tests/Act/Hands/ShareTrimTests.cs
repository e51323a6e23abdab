using CsCheck;
using Headroom.Act.Hands;
using Headroom.Model;

namespace Headroom.Tests.Act.Hands;

/// <summary>A GPU that goes on for a while after each freeze is given less, until it obtains what was asked.</summary>
public sealed class ShareTrimTests
{
    private static readonly MonoTime Start = new(TimeSpan.FromSeconds(100));

    /// <summary>Ticks of a second with a workload whose use of the GPU is this function of the share given.</summary>
    private static ShareTrim Run(double share, Func<double, double> use, int seconds, double free = 0.8)
    {
        var trim = ShareTrim.None.Changed(Start);
        for (var s = 1; s <= seconds; s++)
            trim = trim.Held(use(share * trim.Factor), free, share, Start + TimeSpan.FromSeconds(s));
        return trim;
    }

    [Fact]
    public void Queued_kernels_that_run_on_are_trimmed_away() => Gen.Select(Gen.Double[0.1, 0.6], Gen.Double[0, 0.15]).Sample((share, drain) =>
    {
        var trim = Run(share, given => Math.Min(1, given + drain), 120);
        var obtained = Math.Min(1, share * trim.Factor + drain);
        // Least factor 0.5: a longer drain than that can't be trimmed away.
        Assert.True(obtained <= share + 0.1 || trim.Factor <= 0.51);
    }, iter: 10_000);

    [Fact]
    public void A_workload_with_little_to_do_is_never_given_more_than_was_asked() =>
        Gen.Select(Gen.Double[0.1, 0.9], Gen.Double[0, 1]).Sample((share, load) => Run(share, given => given * load, 60).Factor <= 1, iter: 10_000);

    [Theory]
    [InlineData(0.25, 0.8)]
    [InlineData(0.1, 0.33)]
    [InlineData(0, 0.3)]
    public void A_lever_that_does_nothing_is_found_out_within_a_minute(double share, double free) => Assert.True(Run(share, _ => free, 60, free).IsIneffective);

    // Beside neighbours it had its part of the GPU; now that they stand still it gets all that it can in its time.
    [Fact]
    public void Free_use_seen_beside_neighbours_that_stand_still_now_makes_no_lever_useless() =>
        Gen.Select(Gen.Double[0, 0.9], Gen.Double[0.05, 1], Gen.Double[0, 0.05]).Sample((share, free, drain) => !Run(share, given => given == 0 ? 0 : given + drain, 300, free).IsIneffective, iter: 10_000);

    [Fact]
    public void One_that_works_is_never_called_useless() =>
        Gen.Double[0.1, 0.9].Sample(share => !Run(share, given => given, 300).IsIneffective, iter: 1_000);

    [Theory]
    [InlineData(null, 0.8)]
    [InlineData(0.2, null)]
    [InlineData(0.2, 0.25)]
    public void Unknown_use_or_one_within_the_share_changes_nothing(double? now, double? free)
    {
        var trim = ShareTrim.None.Changed(Start);
        for (var s = 1; s < 60; s++)
            trim = trim.Held(now, free, 0.2, Start + TimeSpan.FromSeconds(s));
        Assert.Equal((1.0, false), (trim.Factor, trim.IsIneffective));
    }
}
