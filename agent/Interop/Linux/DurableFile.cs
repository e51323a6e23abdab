using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>Files that are still there, and whole, after a power cut.</summary>
internal static partial class DurableFile
{
    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(SafeFileHandle file);

    /// <summary>The whole new content or the whole old one, never a part of either.</summary>
    /// <exception cref="IOException">Not written; the old content stands.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted; the old content stands.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var next = path + ".next";
        using (var file = new FileStream(next, Options(FileMode.Create)))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        File.Move(next, path, overwrite: true);
        SyncFolder(folder);
    }

    /// <summary>For appending; a new file is readable by its owner only, and its name is durable.</summary>
    public static FileStream OpenAppend(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var isNew = !File.Exists(path);
        // By O_APPEND, which .NET's own Append is not: two processes that append must not overwrite each other.
        var handle = Libc.Open(path, Libc.OpenToAppend | Libc.OpenCloseOnExec, OwnerOnly);
        if (handle.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
        var file = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        if (isNew)
            SyncFolder(folder);
        return file;
    }

    private const int OwnerOnly = 0x180; // 0600

    private static FileStreamOptions Options(FileMode mode) => new()
    {
        Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    };

    // A rename or a new name is durable only when its folder is. A file system that can't is not worse off than before.
    private static void SyncFolder(string folder)
    {
        using var handle = Libc.Open(folder, Libc.OpenCloseOnExec);
        if (!handle.IsInvalid)
            _ = FileSync(handle);
    }
}
