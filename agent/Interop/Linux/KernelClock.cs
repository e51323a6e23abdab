using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>What the kernel says of its wall clock.</summary>
internal static partial class KernelClock
{
    private const int Unsynchronised = 5; // TIME_ERROR, sys/timex.h

    // struct timex is 208 bytes on 64-bit Linux; with its first word (modes) 0 the call only reads.
    [StructLayout(LayoutKind.Sequential, Size = 208)]
    private struct Timex
    {
        public uint Modes;
    }

    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    private static unsafe partial int AdjustTime(Timex* timex);

    /// <summary>Whether something (NTP, PTP, a hypervisor's agent) keeps it right; null where the call is not permitted.</summary>
    public static unsafe bool? IsSynchronised()
    {
        var timex = new Timex();
        var state = AdjustTime(&timex);
        return state < 0 ? null : state != Unsynchronised;
    }
}
