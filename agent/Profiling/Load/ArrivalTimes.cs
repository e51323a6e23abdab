using Headroom.Simulate;

namespace Headroom.Profiling.Load;

/// <summary>When requests leave: drawn ahead, so that nothing that happens meanwhile moves them.</summary>
internal static class ArrivalTimes
{
    /// <param name="cv">1: Poisson; above: bursty.</param>
    /// <returns>Seconds in [0, <paramref name="seconds"/>), rising.</returns>
    public static IReadOnlyList<double> Draw(double perSecond, double seconds, double cv, int seed)
    {
        var dice = Dice.For(seed, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"profile/{perSecond:R}"));
        var times = new List<double>();
        for (var at = dice.Gap(cv) / perSecond; at < seconds; at += dice.Gap(cv) / perSecond)
            times.Add(at);
        return times;
    }
}
