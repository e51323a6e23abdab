using System.Globalization;

namespace Headroom.Pages;

/// <summary>Files that containers get to see: never half written, under their name or not there.</summary>
internal static class OwnFiles
{
    /// <summary>0755.</summary>
    public const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Behind the name of what is made aside: no compose name has a tilde.</summary>
    private const string Aside = "~";

    public static bool IsAside(string path) => Path.GetFileName(path).Contains(Aside, StringComparison.Ordinal);

    /// <summary>The library with exactly this content. Replaced by name: who has the old one mapped keeps it.</summary>
    /// <returns>Whether it had to be written.</returns>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public static bool PutLibrary(string path, byte[] content)
    {
        PageMaker.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
        {
            File.SetUnixFileMode(path, ForAll);
            return false;
        }
        return Put(path, ForAll, overwrite: true, file => file.Write(content));
    }

    /// <returns>False when something has that name and must not be overwritten.</returns>
    public static bool Put(string path, UnixFileMode mode, bool overwrite, Action<FileStream> write)
    {
        var aside = string.Create(CultureInfo.InvariantCulture, $"{path}{Aside}{Environment.ProcessId}");
        try
        {
            using (var file = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                File.SetUnixFileMode(file.SafeFileHandle, mode);
                write(file);
                file.Flush(flushToDisk: true);
            }
            if (!overwrite && File.Exists(path))
                return false;
            File.Move(aside, path, overwrite);
            return true;
        }
        catch (IOException) when (!overwrite && File.Exists(path))
        {
            return false;
        }
        finally
        {
            File.Delete(aside);
        }
    }
}
