using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>How the C library keeps what native code of .NET (compression, TLS) has given back.</summary>
internal static partial class NativeHeap
{
    // malloc.h of glibc: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX.
    private const int TrimThreshold = -1, MapThreshold = -3, MostArenas = -8;

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Option(int name, int value);

    /// <summary>Blocks of a MiB or more go back to the kernel when they are freed. By itself glibc takes the first large block that is freed (8 MiB of Brotli's window, with each file of ticks)
    /// as the size from which it does that, and keeps smaller ones, for each thread's arena anew: up to eight arenas a core.</summary>
    public static void ReturnLarge()
    {
        try
        {
            _ = Option(MapThreshold, 1 << 20);
            _ = Option(TrimThreshold, 1 << 20);
            _ = Option(MostArenas, 2);
        }
        catch (EntryPointNotFoundException)
        {
            // another C library: it has its own ways
        }
    }
}
