using Headroom.Simulate;

namespace Headroom.Tests.Simulate;

public sealed class ArrivalTests
{
    [Theory]
    [InlineData(1, 0.02)]
    [InlineData(13, 1.0)]
    public void Gaps_between_arrivals_vary_as_asked(double cv, double tolerance)
    {
        var arrivals = new Arrivals(DayCurve.Flat(10), cv, Dice.For(5, "test"), TimeSpan.Zero);
        var gaps = Gaps(arrivals, 1_000_000);

        var mean = gaps.Average();
        var deviation = Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean)));

        Assert.Equal(cv, deviation / mean, tolerance);
        Assert.Equal(0.1, mean, cv == 1 ? 0.001 : 0.005);
    }

    [Fact]
    public void Requests_come_by_the_hour()
    {
        var byHour = Enumerable.Range(0, 24).Select(hour => hour is >= 9 and <= 17 ? 2.0 : 0).ToArray();
        var arrivals = new Arrivals(new DayCurve(byHour), 1, Dice.For(5, "test"), TimeSpan.Zero);
        var counts = new int[24];
        for (var at = arrivals.After(TimeSpan.Zero); at < TimeSpan.FromDays(1); at = arrivals.After(at))
            counts[at.Hours]++;

        Assert.All(Enumerable.Range(0, 8), hour => Assert.Equal(0, counts[hour]));
        // Straight lines between full hours: half of it in the first, all of it from then on.
        Assert.Equal(3_600, counts[8], 300.0);
        Assert.Equal(7_200, counts[12], 400.0);
    }

    [Fact]
    public void A_workload_that_never_gets_a_request_is_no_endless_search() =>
        Assert.Equal(TimeSpan.MaxValue, new Arrivals(new DayCurve(new double[24]), 1, Dice.For(5, "test"), TimeSpan.Zero).After(TimeSpan.Zero));

    private static List<double> Gaps(Arrivals arrivals, int count)
    {
        var gaps = new List<double>(count);
        var last = TimeSpan.Zero;
        for (var i = 0; i < count; i++)
        {
            var next = arrivals.After(last);
            gaps.Add((next - last).TotalSeconds);
            last = next;
        }
        return gaps;
    }
}
