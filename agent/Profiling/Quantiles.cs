namespace Headroom.Profiling;

internal static class Quantiles
{
    /// <summary>Nearest rank: each figure is one that was really measured. Null for none.</summary>
    public static LatencySummary? Of(IEnumerable<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        if (sorted.Length == 0)
            return null;
        double At(double rank) => sorted[Math.Clamp((int)Math.Ceiling(rank * sorted.Length) - 1, 0, sorted.Length - 1)];
        return new LatencySummary(sorted.Length, sorted.Average(), At(0.5), At(0.9), At(0.95), At(0.99), sorted[^1]);
    }
}
