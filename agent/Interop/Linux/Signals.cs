using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>Signals to this process.</summary>
internal static partial class Signals
{
    private const int Stop = 19; // SIGSTOP on x86-64 and arm64
    private const int TerminalStop = 20; // SIGTSTP on x86-64 and arm64

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    /// <summary>Stands still until somebody sends SIGCONT.</summary>
    public static void StopSelf() => _ = Kill(Environment.ProcessId, Stop);

    /// <summary>As Ctrl-Z does; nothing where no shell is there that could send SIGCONT.</summary>
    public static void SuspendSelf() => _ = Kill(Environment.ProcessId, TerminalStop);
}
