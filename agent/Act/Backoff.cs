namespace Headroom.Act;

/// <summary>How long to leave alone what failed.</summary>
internal static class Backoff
{
    /// <summary>Twice as long after each failure in a row.</summary>
    /// <param name="failures">From 1.</param>
    public static TimeSpan After(int failures, TimeSpan first, TimeSpan longest)
    {
        var rest = first * Math.Pow(2, Math.Min(failures - 1, 10));
        return rest < longest ? rest : longest;
    }
}
