using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>A small kernel file that stays open and is written and read whole, from its start, again and again; nothing is allocated.</summary>
internal sealed partial class ControlFile : IDisposable
{
    public const int Gone = 19; // ENODEV: an open file whose cgroup was removed
    private const int Interrupted = 4; // EINTR
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;

    private readonly SafeFileHandle _handle;

    private ControlFile(SafeFileHandle handle) => _handle = handle;

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static unsafe partial nint Write(SafeFileHandle file, byte* bytes, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static unsafe partial nint Read(SafeFileHandle file, byte* bytes, nint count, long offset);

    /// <summary>Null and the error number where it cannot be opened.</summary>
    public static ControlFile? Open(string path, bool write, out int error)
    {
        var handle = Libc.Open(path, (write ? ReadWrite : ReadOnly) | Libc.OpenCloseOnExec);
        error = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        if (error == 0)
            return new ControlFile(handle);
        handle.Dispose();
        return null;
    }

    /// <summary>0, or the error number.</summary>
    public unsafe int Write(ReadOnlySpan<byte> text)
    {
        fixed (byte* bytes = text)
            while (true)
            {
                if (Write(_handle, bytes, text.Length, 0) >= 0)
                    return 0;
                var error = Marshal.GetLastPInvokeError();
                if (error != Interrupted)
                    return error;
            }
    }

    /// <summary>0, or the error number.</summary>
    public unsafe int Read(Span<byte> buffer, out int count)
    {
        fixed (byte* bytes = buffer)
            while (true)
            {
                count = (int)Read(_handle, bytes, buffer.Length, 0);
                if (count >= 0)
                    return 0;
                count = 0;
                var error = Marshal.GetLastPInvokeError();
                if (error != Interrupted)
                    return error;
            }
    }

    public void Dispose() => _handle.Dispose();
}
