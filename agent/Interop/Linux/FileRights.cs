using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>Whether a file could be written, without writing to it.</summary>
internal static partial class FileRights
{
    private const int CurrentFolder = -100; // AT_FDCWD
    private const int Write = 2; // W_OK
    private const int ByEffectiveUser = 0x200; // AT_EACCESS

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(int folder, string path, int mode, int flags);

    /// <summary>By the effective user; counts capabilities and read-only mounts too.</summary>
    public static bool CanWrite(string path) => Access(CurrentFolder, path, Write, ByEffectiveUser) == 0;
}
