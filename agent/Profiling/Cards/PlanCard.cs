namespace Headroom.Profiling.Cards;

/// <summary>One GPU to plan for.</summary>
/// <param name="Name">Its model; null: not known.</param>
/// <param name="TotalBytes">As the driver reports it.</param>
/// <param name="ReserveBytes">To keep free.</param>
/// <param name="DriverBytes">What the driver keeps for itself; 0 where nobody asked it.</param>
/// <param name="OthersBytes">Held by what is not in the plan.</param>
internal sealed record PlanCard(int Index, string? Name, long TotalBytes, long ReserveBytes, long DriverBytes = 0, long OthersBytes = 0)
{
    private const long MiB = 1L << 20;

    /// <summary>A reserve never shrinks below this: the agent's own limit.</summary>
    public const long LeastReserve = 256 * MiB;

    /// <summary>As the policy's default: the larger of 1 GiB and 5 % of the card.</summary>
    public static long DefaultReserve(long totalBytes) => Math.Max(1024 * MiB, totalBytes / 20);

    /// <summary>For models and reserve together.</summary>
    public long Available => TotalBytes - DriverBytes - OthersBytes;
    public long Least => Math.Min(ReserveBytes, LeastReserve);
    /// <summary>For models at most: the reserve shrinks before anything breaks.</summary>
    public long Most => Available - Least;
}
