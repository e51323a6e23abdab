using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>One process, held by a descriptor: never a later one with the same pid.</summary>
internal sealed partial class PidFd : IDisposable
{
    // The same on x86-64 and arm64, like all system calls since 5.0.
    private const nint SendSignal = 424;
    private const nint OpenProcess = 434;
    private const nint Kill9 = 9;
    private const short Readable = 1; // POLLIN

    private readonly SafeFileHandle _handle;

    private PidFd(SafeFileHandle handle) => _handle = handle;

    private struct PollFd
    {
        public int Descriptor;
        public short Wanted;
        public short Seen;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static unsafe partial int Poll(PollFd* descriptors, nuint count, int milliseconds);

    /// <summary>Opens this process, if it is the one that began then; null when it is gone or another has its pid.</summary>
    /// <param name="startTime">See <see cref="StartTimeOf"/>.</param>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static PidFd? Open(int pid, long startTime)
    {
        var descriptor = Call(OpenProcess, pid, 0, 0, 0);
        if (descriptor < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            // EINVAL: a pid that can't be one.
            return error is Libc.NoProcess or 22 ? null : throw new IOException($"pidfd_open of pid {pid}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
        var process = new PidFd(new SafeFileHandle(descriptor, ownsHandle: true));
        // Checked after it is held: whoever has this start time now had the pid before, too.
        if (StartTimeOf(pid) == startTime)
            return process;
        process.Dispose();
        return null;
    }

    /// <summary>When a process began, in clock ticks since boot (field 22 of /proc/pid/stat); null when there is none.</summary>
    public static long? StartTimeOf(int pid) => (long?)ProcessFacts.StartTimeOf(pid);

    /// <summary>SIGKILL. One that has ended already is fine.</summary>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public void Kill()
    {
        if (Call(SendSignal, _handle.DangerousGetHandle(), Kill9, 0, 0) == 0)
            return;
        var error = Marshal.GetLastPInvokeError();
        if (error != Libc.NoProcess)
            throw new UnauthorizedAccessException($"pidfd_send_signal: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>Waits for its end, all its threads included; false when the time is over first.</summary>
    public unsafe bool WaitForEnd(TimeSpan atMost)
    {
        var until = Environment.TickCount64 + (long)atMost.TotalMilliseconds;
        while (true)
        {
            var wait = (int)Math.Clamp(until - Environment.TickCount64, 0, int.MaxValue);
            var poll = new PollFd { Descriptor = (int)_handle.DangerousGetHandle(), Wanted = Readable };
            if (Poll(&poll, 1, wait) > 0)
                return true;
            // Also after a signal of ours interrupted the wait.
            if (Environment.TickCount64 >= until)
                return false;
        }
    }

    /// <summary>To be waited for among others: readable once it has ended.</summary>
    public SafeHandle Handle => _handle;

    public bool HasEnded => WaitForEnd(TimeSpan.Zero);

    public void Dispose() => _handle.Dispose();
}
