using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace Headroom.Pages;

/// <summary>A file as <c>/proc/pid/maps</c> names it.</summary>
/// <param name="Path">As the process sees it; behind it <c> (deleted)</c> when no name leads to it any more.</param>
internal readonly record struct MappedFile(string Device, ulong Inode, string Path)
{
    public bool IsSameAs(MappedFile other) => Inode == other.Inode && Device == other.Device;
}

/// <summary>Who has which file mapped.</summary>
internal static class MemoryMaps
{
    /// <summary>Each file once. Empty for a process that has ended; null for one that may not be looked into.</summary>
    public static IReadOnlyCollection<MappedFile>? Of(int pid, string procPath = "/proc")
    {
        var files = new HashSet<MappedFile>();
        try
        {
            foreach (var line in File.ReadLines(Path.Combine(procPath, pid.ToString(CultureInfo.InvariantCulture), "maps")))
                if (Parse(line) is { } file)
                    files.Add(file);
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        catch (IOException)
        {
            // it has ended
        }
        return files;
    }

    /// <summary>How the kernel names this file, learned by mapping it for a moment: stat tells another device on some file systems (btrfs). Never touched, so that
    /// a file that gets shorter does no harm. Null when it can't be mapped.</summary>
    public static MappedFile? OfFile(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(file) == 0)
                return null;
            using var mapping = MemoryMappedFile.CreateFromFile(file, mapName: null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            using var view = mapping.CreateViewAccessor(0, 1, MemoryMappedFileAccess.Read);
            var start = view.SafeMemoryMappedViewHandle.DangerousGetHandle().ToString("x", CultureInfo.InvariantCulture);
            foreach (var line in File.ReadLines("/proc/self/maps"))
                if (line.AsSpan(0, line.IndexOf('-')).TrimStart('0').SequenceEqual(start))
                    return Parse(line);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // "7f2c-7f2d rw-s 00000000 fd:01 1234    /var/lib/x": memory without a file has inode 0.
    private static MappedFile? Parse(string line)
    {
        var parts = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 6 && parts[5].StartsWith('/') && ulong.TryParse(parts[4], CultureInfo.InvariantCulture, out var inode) && inode != 0
            ? new MappedFile(parts[3], inode, parts[5])
            : null;
    }
}
