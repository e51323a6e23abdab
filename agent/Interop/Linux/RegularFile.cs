using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>Opens a file that others may have put something else in place of: follows no link, waits for nobody.</summary>
internal static class RegularFile
{
    private const int ReadWrite = 2;
    private const int LinkInTheWay = 40; // ELOOP
    private const int IsFolder = 21; // EISDIR

    /// <summary>For reading and writing; null, and why not.</summary>
    public static SafeFileHandle? TryOpen(string path, out string? problem)
    {
        var file = Libc.Open(path, ReadWrite | Libc.OpenNoFollow | Libc.OpenNonBlock | Libc.OpenCloseOnExec);
        problem = file.IsInvalid
            ? Marshal.GetLastPInvokeError() switch
            {
                Libc.NoEntry => "it is not there",
                LinkInTheWay => "it is a link",
                IsFolder => "it is a folder: Docker makes one where a file to be mounted is missing",
                var error => Marshal.GetPInvokeErrorMessage(error),
            }
            : IsSeekable(file) ? null : "it is no regular file";
        if (problem is null)
            return file;
        file.Dispose();
        return null;
    }

    private static bool IsSeekable(SafeFileHandle file)
    {
        try
        {
            RandomAccess.GetLength(file);
            return true;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }
}
