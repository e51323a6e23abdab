using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>Asks the scheduler to run the calling thread soon after it wakes.</summary>
internal static partial class ThreadRank
{
    private const int OfProcess = 0; // PRIO_PROCESS; with who 0 Linux takes the calling thread
    private const int SetTimerSlack = 29; // PR_SET_TIMERSLACK, nanoseconds; 50,000 by default

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int nice);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nuint a, nuint b, nuint c, nuint d);

    /// <summary>False where it is not permitted (CAP_SYS_NICE): it then runs like any other, only less exactly.</summary>
    public static bool Raise(int nice)
    {
        _ = Control(SetTimerSlack, 1, 0, 0, 0);
        return SetPriority(OfProcess, 0, nice) == 0;
    }
}
