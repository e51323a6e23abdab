using CsCheck;
using Headroom.Pages;

namespace Headroom.Tests.Pages;

public sealed class InFlightCapTests
{
    private static readonly TimeSpan Budget = InFlightCap.DefaultBudget;

    [Fact]
    public void A_drain_over_the_budget_halves_it_down_to_two()
    {
        var cap = InFlightCap.Start;
        var seen = new List<int>();
        for (var i = 0; i < 4; i++)
            seen.Add((cap = InFlightCap.Next(cap, Budget * 1.01, Budget)).Launches);
        Assert.Equal([4, 2, 2, 2], seen);
    }

    [Fact]
    public void Ten_short_drains_in_a_row_allow_one_more()
    {
        var cap = InFlightCap.Start;
        for (var i = 0; i < 9; i++)
            cap = InFlightCap.Next(cap, Budget / 4, Budget);
        Assert.Equal(8, cap.Launches);
        Assert.Equal(new InFlightCap(9, 0), InFlightCap.Next(cap, Budget / 4, Budget));
        Assert.Equal(8, InFlightCap.Next(InFlightCap.Next(cap, Budget * 0.7, Budget), Budget / 4, Budget).Launches); // not in a row
    }

    [Fact]
    public void A_drain_that_is_not_known_changes_nothing() => Assert.Equal(new InFlightCap(5, 9), InFlightCap.Next(new(5, 9), null, Budget));

    [Fact]
    public void Whatever_is_measured_it_stays_within_two_and_sixteen_and_a_long_drain_never_raises_it() =>
        Gen.Select(Gen.Int[-100, 100], Gen.Int[0, 9], Gen.Long[0, 1L << 40], Gen.Long[1, 1L << 30]).Sample((launches, calm, drain, budget) =>
        {
            var before = new InFlightCap(launches, calm);
            var after = InFlightCap.Next(before, TimeSpan.FromTicks(drain), TimeSpan.FromTicks(budget));
            return (after.Launches is >= InFlightCap.Fewest and <= InFlightCap.Most || after.Launches == launches)
                && after.Calm is >= 0 and < 10
                && (drain <= budget || after.Launches <= Math.Max(launches, InFlightCap.Fewest));
        }, iter: 10_000);
}
