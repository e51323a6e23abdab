using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>Waits to the microsecond on the steady clock, or until somebody rings (eventfd and ppoll): .NET's own waits count whole milliseconds.</summary>
internal sealed partial class Bell : IDisposable
{
    private const int NonBlockCloseOnExec = Libc.OpenNonBlock | Libc.OpenCloseOnExec; // EFD_NONBLOCK | EFD_CLOEXEC
    private const short Readable = 1; // POLLIN

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    private readonly SafeFileHandle _event;

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial SafeFileHandle EventFd(uint first, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static unsafe partial int Poll(PollFd* files, nuint count, TimeSpec* timeout, void* signals);

    [LibraryImport("libc", EntryPoint = "write")]
    private static unsafe partial nint Write(SafeFileHandle file, ulong* value, nint count);

    [LibraryImport("libc", EntryPoint = "read")]
    private static unsafe partial nint Read(SafeFileHandle file, ulong* value, nint count);

    public Bell()
    {
        _event = EventFd(0, NonBlockCloseOnExec);
        if (_event.IsInvalid)
            throw new IOException($"eventfd: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Ends the wait of now, or the next one.</summary>
    public unsafe void Ring()
    {
        ulong one = 1;
        _ = Write(_event, &one, sizeof(ulong)); // fails only when it has been rung 2^64 - 2 times unheard
    }

    /// <summary>True: it was rung. May end early.</summary>
    public unsafe bool Wait(TimeSpan atMost)
    {
        if (atMost < TimeSpan.Zero)
            atMost = TimeSpan.Zero;
        var timeout = new TimeSpec
        {
            Seconds = (nint)(atMost.Ticks / TimeSpan.TicksPerSecond),
            Nanoseconds = (nint)(atMost.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick),
        };
        // Only the owner disposes it, after its last wait.
        var file = new PollFd { Fd = (int)_event.DangerousGetHandle(), Events = Readable };
        if (Poll(&file, 1, &timeout, null) <= 0)
            return false;
        ulong rung;
        return Read(_event, &rung, sizeof(ulong)) > 0;
    }

    public void Dispose() => _event.Dispose();
}
