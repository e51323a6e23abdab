using Headroom.Model;

namespace Headroom.Run;

/// <summary>How old a sample may be and still count. Past it the source has failed, and nothing of its last sample passes for current.</summary>
internal static class Freshness
{
    /// <summary>Five sweeps: one may be lost to a hung call (1.5 s) and the start of the thread that takes over.</summary>
    public static readonly TimeSpan Gpus = TimeSpan.FromSeconds(5);

    /// <summary>The list is read every 5 s; a daemon restart takes about ten.</summary>
    public static readonly TimeSpan Containers = TimeSpan.FromSeconds(20);

    /// <summary>It is published each second; a count of requests that is older tells nothing of those of now.</summary>
    public static readonly TimeSpan Activity = TimeSpan.FromSeconds(3);

    /// <summary>Read twice a second.</summary>
    public static readonly TimeSpan Ledger = TimeSpan.FromSeconds(3);

    /// <summary>Protected workloads are read every second, others every ten; each reading may take its whole timeout.</summary>
    public static TimeSpan Latency(bool isProtected) => isProtected ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(35);
}
