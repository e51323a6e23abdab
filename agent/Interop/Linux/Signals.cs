using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>Signals to this process.</summary>
internal static partial class Signals
{
    private const int Stop = 19; // SIGSTOP on x86-64 and arm64

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    /// <summary>Stands still until somebody sends SIGCONT.</summary>
    public static void StopSelf() => _ = Kill(Environment.ProcessId, Stop);
}
