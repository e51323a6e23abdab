using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>Opens a file in a folder that somebody else may write: he may put a link, a pipe or a device there, and swap it while we look.</summary>
internal static partial class ForeignFile
{
    private const int ReadWrite = 2;
    private const int NoFollow = 0x20000; // O_NOFOLLOW of x86-64; arm64 has 0x8000
    private const int NoFollowArm = 0x8000;
    private const int PathOnly = 0x200000; // O_PATH: names the file without opening it
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint TypeOnly = 1; // STATX_TYPE
    private const int ModeAt = 28, StatxBytes = 256; // struct statx is the same everywhere
    private const int TypeMask = 0xf000, Regular = 0x8000;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(SafeFileHandle folder, string path, int flags, uint mask, byte* to);

    /// <summary>To read and write. Null where it is not there or is not what it should be; <paramref name="why"/> tells which.</summary>
    /// <param name="root">Trusted: its own path may lead through links.</param>
    /// <param name="below">Path below it, of which no part may be a link; empty: the root is the file.</param>
    /// <param name="isMissing">There is no such file.</param>
    public static SafeFileHandle? Open(string root, string below, out string? why, out bool isMissing)
    {
        var path = below.Length == 0 ? root : $"{root.TrimEnd('/')}/{below}";
        isMissing = false;
        using var folder = Name(root, follow: below.Length > 0, out why, out isMissing);
        if (folder is null)
            return null;
        if (below.Length == 0)
            return Reopen(folder, path, out why);
        using var file = Name(path, follow: false, out why, out isMissing);
        if (file is null)
            return null;
        if (PlaceOf(file) is var place && place != $"{PlaceOf(folder)?.TrimEnd('/')}/{below}")
        {
            why = $"{path} leads to {place}: a link, or moved away";
            return null;
        }
        return Reopen(file, path, out why);
    }

    private static SafeFileHandle? Name(string path, bool follow, out string? why, out bool isMissing)
    {
        var noFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? NoFollowArm : NoFollow;
        var handle = Libc.Open(path, PathOnly | Libc.OpenCloseOnExec | (follow ? 0 : noFollow));
        (why, isMissing) = (null, false);
        if (!handle.IsInvalid)
            return handle;
        var error = Marshal.GetLastPInvokeError();
        (why, isMissing) = ($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error == Libc.NoEntry);
        handle.Dispose();
        return null;
    }

    // The same file, whatever its path leads to by now; only now is it really opened, which of a device or a pipe could do something.
    private static unsafe SafeFileHandle? Reopen(SafeFileHandle named, string path, out string? why)
    {
        var stat = stackalloc byte[StatxBytes];
        why = Stat(named, "", EmptyPath, TypeOnly, stat) != 0 ? $"{path}: {Marshal.GetLastPInvokeErrorMessage()}"
            : (*(ushort*)(stat + ModeAt) & TypeMask) != Regular ? $"{path} is not a plain file" : null;
        if (why is not null)
            return null;
        var handle = Libc.Open($"/proc/self/fd/{named.DangerousGetHandle()}", ReadWrite | Libc.OpenNonBlock | Libc.OpenCloseOnExec);
        if (!handle.IsInvalid)
            return handle;
        why = $"{path}: {Marshal.GetLastPInvokeErrorMessage()}";
        handle.Dispose();
        return null;
    }

    private static string? PlaceOf(SafeFileHandle file) => new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget;
}
