using CsCheck;
using Headroom.Model;

namespace Headroom.Tests.Model;

public class LatencyQuantileTests
{
    private static LatencyHistogram Histogram(double[] bounds, params double[] cumulative) => new(bounds, cumulative, null);

    [Theory]
    [InlineData(0.5, 0.2, 0.1, 0.3)]
    [InlineData(0.25, 0.1, 0, 0.1)]
    [InlineData(0.1, 0.04, 0, 0.1)]
    [InlineData(0.75, 0.3, 0.1, 0.3)]
    [InlineData(0, 0, 0, 0.1)]
    public void Between_two_bounds_it_is_interpolated(double rank, double seconds, double lower, double upper)
    {
        var quantile = LatencyQuantile.Of(Histogram([0.1, 0.3], 25, 75, 100), rank)!.Value;
        Assert.Equal(seconds, quantile.Seconds, 12);
        Assert.Equal((lower, upper), (quantile.Lower, quantile.Upper));
        Assert.Equal(lower == 0, quantile.InFirstBucket);
        Assert.False(quantile.BeyondLastBound);
    }

    [Fact]
    public void Beyond_the_last_bound_it_is_at_least_that_bound()
    {
        var quantile = LatencyQuantile.Of(Histogram([0.1, 0.3], 25, 75, 100), 0.95)!.Value;
        Assert.True(quantile.BeyondLastBound);
        Assert.Equal(0.3, quantile.Seconds);
        Assert.Equal(double.PositiveInfinity, quantile.Upper);
    }

    [Fact]
    public void Of_nothing_there_is_none()
    {
        Assert.Null(LatencyQuantile.Of(Histogram([0.1], 0, 0), 0.5));
        Assert.Null(LatencyQuantile.Of(Histogram([], 7), 0.5));
        Assert.Null(LatencyQuantile.Of(Histogram([0.1], 1, 1), 1.5));
        Assert.Null(LatencyQuantile.Of(Histogram([0.1], 1, double.NaN), 0.5));
    }

    [Fact]
    public void The_true_quantile_lies_in_the_same_bucket_for_any_observations_and_bounds() =>
        Gen.Select(Gen.Double[0, 20].Array[1, 200], Gen.Double[0.001, 10].Array[1, 25], Gen.Double[0, 1]).Sample((observed, bounds, rank) =>
        {
            bounds = [.. bounds.Distinct().Order()];
            var histogram = Histogram(bounds, [.. bounds.Select(b => (double)observed.Count(o => o <= b)), observed.Length]);
            var quantile = LatencyQuantile.Of(histogram, rank)!.Value;
            var nearest = observed.Order().ElementAt(Math.Max(0, (int)Math.Ceiling(rank * observed.Length) - 1));
            var inBucket = quantile.Lower < nearest && nearest <= quantile.Upper || quantile.InFirstBucket && nearest == 0;
            return inBucket && quantile.Seconds >= quantile.Lower && quantile.Seconds <= quantile.Upper;
        }, iter: 20_000);
}
