using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>Waits for the first of many descriptors to become readable, or for a ring (epoll and eventfd). One thread waits; anyone rings.</summary>
internal sealed unsafe partial class EventPoll : IDisposable
{
    /// <summary>What <see cref="Seen"/> tells when it was rung.</summary>
    public const int Rung = -1;

    private const int Most = 32;
    private const int Add = 1, Remove = 2; // EPOLL_CTL_*
    private const uint Readable = 1; // EPOLLIN
    // struct epoll_event is packed on x86-64 and nowhere else.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly SafeFileHandle _poll, _bell;
    private readonly byte[] _seen = GC.AllocateArray<byte>(Most * 16, pinned: true);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial SafeFileHandle Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(SafeHandle poll, int what, SafeHandle file, byte* value);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int WaitFor(SafeHandle poll, byte* seen, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial SafeFileHandle EventFd(uint first, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(SafeHandle file, ulong* value, nint count);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(SafeHandle file, ulong* value, nint count);

    public EventPoll()
    {
        _poll = Create(Libc.OpenCloseOnExec);
        _bell = EventFd(0, Libc.OpenNonBlock | Libc.OpenCloseOnExec);
        if (_poll.IsInvalid || _bell.IsInvalid)
            throw new IOException($"epoll: {Marshal.GetLastPInvokeErrorMessage()}");
        Include(_bell, Rung);
    }

    /// <param name="mark">By which <see cref="Seen"/> names it; not negative.</param>
    public void Include(SafeHandle file, int mark)
    {
        var value = stackalloc byte[16];
        *(uint*)value = Readable;
        *(long*)(value + Stride - 8) = mark;
        if (Control(_poll, Add, file, value) != 0)
            throw new IOException($"epoll_ctl: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    public void Exclude(SafeHandle file)
    {
        var value = stackalloc byte[16];
        _ = Control(_poll, Remove, file, value);
    }

    /// <param name="milliseconds">Negative: without end.</param>
    /// <returns>How many are readable.</returns>
    public int Wait(int milliseconds)
    {
        fixed (byte* seen = _seen)
        {
            var count = WaitFor(_poll, seen, Most, milliseconds);
            return Math.Max(0, count); // EINTR: a signal of ours
        }
    }

    /// <summary>The mark of the i-th that is readable.</summary>
    public int Seen(int i)
    {
        int mark;
        fixed (byte* seen = _seen)
            mark = (int)*(long*)(seen + i * Stride + Stride - 8);
        if (mark == Rung)
        {
            ulong rung;
            _ = Read(_bell, &rung, sizeof(ulong));
        }
        return mark;
    }

    /// <summary>Ends the wait of now, or the next one.</summary>
    public void Ring()
    {
        ulong one = 1;
        _ = Write(_bell, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        _bell.Dispose();
        _poll.Dispose();
    }
}
