namespace Headroom.Decide.Rules.Vram;

/// <summary>Sizes by which VRAM is judged.</summary>
internal static class Bytes
{
    public const long MiB = 1L << 20;
    public const long GiB = 1L << 30;
    /// <summary>A reserve never shrinks below this: a CUDA context takes about as much.</summary>
    public const long LeastReserve = 256 * MiB;

    /// <summary>Room to breathe above live use: no cap is lowered into it.</summary>
    public static long Margin(long used) => Math.Max(256 * MiB, used / 20);

    /// <summary>What a higher class keeps free for its growth (SIRIUS, ATC'25: W = 1 GB, given back only above 2 W).</summary>
    public static long Watermark(long total) => Math.Max(GiB, total / 20);

    /// <summary>Smaller changes of a cap are not worth making.</summary>
    public static long Deadband(long cap) => Math.Max(64 * MiB, cap / 100);
}
