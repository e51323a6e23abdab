using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>The few calls of the C library that .NET does not offer. Constants hold on x86-64 and arm64.</summary>
internal static partial class Libc
{
    public const int OpenNonBlock = 0x800;
    public const int OpenCloseOnExec = 0x80000;
    /// <summary><c>O_WRONLY | O_CREAT | O_APPEND</c>: each write goes to the end, whoever else writes.</summary>
    public const int OpenToAppend = 0x1 | 0x40 | 0x400;
    public const int NewNetwork = 0x40000000;
    public const int InternetFamily = 2;
    public const int NetlinkFamily = 16;
    public const int PacketFamily = 17;
    /// <summary><c>SOCK_STREAM | SOCK_CLOEXEC</c>.</summary>
    public const int Stream = 1 | 0x80000;
    /// <summary><c>SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC</c>.</summary>
    public const int Datagram = 2 | 0x800 | 0x80000;
    /// <summary><c>SOCK_RAW | SOCK_CLOEXEC</c>.</summary>
    public const int Raw = 3 | 0x80000;

    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int NoProcess = 3;
    public const int AccessDenied = 13;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags);

    /// <param name="mode">Of a file that is made.</param>
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNamespace(int fd, int kind);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int kind, int protocol);
}
