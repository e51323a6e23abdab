using Headroom.Simulate;

namespace Headroom.Profiling.Load;

/// <summary>When requests leave: drawn ahead, so that nothing that happens meanwhile moves them.</summary>
internal static class ArrivalTimes
{
    /// <param name="cv">1: Poisson; above: bursty.</param>
    /// <returns>Seconds in [0, <paramref name="seconds"/>], rising; rate times duration of them.</returns>
    public static IReadOnlyList<double> Draw(double perSecond, double seconds, double cv, int seed)
    {
        var dice = Dice.For(seed, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"profile/{perSecond:R}"));
        // As many as were asked for, spread as chance spreads so many: a short step of pure chance asks a tenth more or less than it says, which moves the knee as much.
        var gaps = Enumerable.Range(0, (int)Math.Max(1, Math.Round(perSecond * seconds)) + 1).Select(_ => dice.Gap(cv)).ToList();
        var scale = seconds / gaps.Sum();
        var (times, at) = (new List<double>(gaps.Count), 0.0);
        foreach (var gap in gaps.SkipLast(1))
            times.Add((at += gap) * scale);
        return times;
    }
}
