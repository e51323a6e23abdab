using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>CLOCK_BOOTTIME: steady, the same for all processes of the machine, and it goes on while the machine sleeps.</summary>
internal sealed partial class BootClock : TimeProvider
{
    public static readonly BootClock Instance = new();

    private const int BootTime = 7; // CLOCK_BOOTTIME
    private const long Second = 1_000_000_000;

    private BootClock()
    {
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    // Answered in user space by the vDSO: nothing to switch for.
    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static unsafe partial int GetTime(int clock, TimeSpec* time);

    public override long TimestampFrequency => Second;

    public override unsafe long GetTimestamp()
    {
        TimeSpec time;
        _ = GetTime(BootTime, &time); // fails only for a clock that the kernel lacks: this one is there since 2.6.39
        return time.Seconds * Second + time.Nanoseconds;
    }
}

internal static class BootClockExtensions
{
    /// <summary>The timestamp in nanoseconds, the unit of the lease page.</summary>
    public static long Nanoseconds(this TimeProvider time) => time.GetTimestamp() * (1_000_000_000 / time.TimestampFrequency);
}
