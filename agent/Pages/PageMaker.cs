using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using Headroom.Interop.Linux;

namespace Headroom.Pages;

internal enum PageState
{
    Missing,
    Good,
    /// <summary>A page, but of another layout: both sides leave it alone.</summary>
    OtherVersion,
    /// <summary>Something else stands in its place.</summary>
    NoPage,
}

/// <param name="Words">What stands there, for a sentence: "it is ...".</param>
internal sealed record PageLook(PageState State, string Words);

internal enum PageMaking
{
    Kept,
    Made,
    /// <summary>Something that nobody used stood in its place.</summary>
    Replaced,
    /// <summary>Not made: what stands there is no page of this version and must not be removed.</summary>
    Refused,
}

/// <param name="Words">Why and what to do when refused; else what was done.</param>
internal sealed record PageMade(PageMaking Result, string Words);

/// <summary>Makes the files of agent/preload/page.h. A good page is never replaced: containers have the file itself mounted and mapped, not its name.</summary>
internal static partial class PageMaker
{
    public const int HeaderBytes = 16;

    /// <summary>Every process of the container writes, whatever its user. The state folder above is root's alone.</summary>
    private const UnixFileMode Everybody =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>All of a new page that is not zero.</summary>
    public static void WriteHeader(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header, PageLayout.Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[PageLayout.PageVersion..], PageLayout.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(header[PageLayout.PageSize..], PageLayout.Bytes);
    }

    /// <exception cref="IOException">It can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public static PageLook Look(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not null)
            return new(PageState.NoPage, "a link");
        if (Directory.Exists(path))
            return new(PageState.NoPage, "a folder");
        if (!file.Exists)
            return new(PageState.Missing, "not there");
        // Only a regular file has a length: a pipe, whose opening would wait, has none.
        if (file.Length < HeaderBytes)
            return new(PageState.NoPage, string.Create(CultureInfo.InvariantCulture, $"a file of {file.Length} bytes"));
        Span<byte> header = stackalloc byte[HeaderBytes];
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return RandomAccess.Read(handle, header, 0) == HeaderBytes ? Judge(header, file.Length) : new(PageState.NoPage, "a file that got shorter");
    }

    /// <summary>What a file of this length with this header is.</summary>
    internal static PageLook Judge(ReadOnlySpan<byte> header, long length)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(header) != PageLayout.Magic)
            return new(PageState.NoPage, "a file that does not begin as a page does");
        var (version, size) = (BinaryPrimitives.ReadUInt32LittleEndian(header[PageLayout.PageVersion..]), BinaryPrimitives.ReadUInt32LittleEndian(header[PageLayout.PageSize..]));
        if (version != PageLayout.Version)
            return new(PageState.OtherVersion, string.Create(CultureInfo.InvariantCulture, $"a page of version {version}; this Headroom knows {PageLayout.Version}"));
        return size == PageLayout.Bytes && length == PageLayout.Bytes
            ? new(PageState.Good, "a good page")
            : new(PageState.NoPage, string.Create(CultureInfo.InvariantCulture, $"a page of {length} bytes that says it has {size}; right are {PageLayout.Bytes}"));
    }

    /// <summary>A good page is there afterwards, made only if need be; or it tells why not.</summary>
    /// <exception cref="IOException">It can't be made: no space, a read-only disk.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public static PageMade Create(string path, string procPath = "/proc")
    {
        var look = Look(path);
        switch (look.State)
        {
            case PageState.Good:
                File.SetUnixFileMode(path, Everybody);
                return new(PageMaking.Kept, look.Words);
            case PageState.Missing:
                // Another one who makes it at the same time is as good.
                return Put(path, overwrite: false) ? new(PageMaking.Made, "made") : new(PageMaking.Kept, "made by another meanwhile");
        }
        if (Directory.Exists(path) || new FileInfo(path).LinkTarget is not null)
            return InPlaceOfOther(path, look);
        if (WhoUses(path, procPath) is { } users)
            return new(PageMaking.Refused, $"it is {look.Words}, and {users}: stop the containers that mount it, then try again");
        Put(path, overwrite: true);
        return new(PageMaking.Replaced, $"made anew: it was {look.Words}");
    }

    /// <summary>Folders down to this one: everybody may pass, root may write.</summary>
    internal static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
            return;
        if (Path.GetDirectoryName(folder) is { } parent)
            MakeFolder(parent);
        Directory.CreateDirectory(folder);
        // Afterwards: the umask takes from what is asked for at creation.
        File.SetUnixFileMode(folder, OwnFiles.ForAll);
    }

    // `docker run -v` makes an empty folder where its source is missing; one with something in it is somebody's.
    private static PageMade InPlaceOfOther(string path, PageLook look)
    {
        if (new FileInfo(path).LinkTarget is null && !Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
            Put(path, overwrite: false);
            return new(PageMaking.Replaced, "made in place of an empty folder");
        }
        return new(PageMaking.Refused, $"it is {look.Words} and not Headroom's: move it away, then try again");
    }

    private static string? WhoUses(string path, string procPath)
    {
        if (MemoryMaps.OfFile(path) is not { } file)
            return null; // empty: nobody can
        var pids = new List<int>();
        var hidden = 0;
        foreach (var pid in ProcessFacts.All(procPath).Where(pid => pid != Environment.ProcessId))
            if (MemoryMaps.Of(pid, procPath) is not { } mapped)
                hidden += IsInContainer(pid, procPath) ? 1 : 0;
            else if (mapped.Any(file.IsSameAs))
                pids.Add(pid);
        return pids.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{pids.Count} processes have it mapped (pid {string.Join(", ", pids.Take(5))}{(pids.Count > 5 ? ", ..." : "")})")
            : hidden > 0 ? string.Create(CultureInfo.InvariantCulture, $"whether it is used can't be told: {hidden} processes in containers may not be looked into")
            : null;
    }

    // Some of the host's own processes hide from root too; they have no page.
    private static bool IsInContainer(int pid, string procPath)
    {
        try
        {
            return ContainerId().IsMatch(File.ReadAllText(Path.Combine(procPath, pid.ToString(CultureInfo.InvariantCulture), "cgroup")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // ended
        }
    }

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex ContainerId();

    /// <summary>Whole or not at all: made aside, then given its name. False when another one had the name first.</summary>
    private static bool Put(string path, bool overwrite)
    {
        MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return OwnFiles.Put(path, Everybody, overwrite, file =>
        {
            Span<byte> header = stackalloc byte[HeaderBytes];
            WriteHeader(header);
            file.Write(header);
            // Zeros, and no hole: a store into a hole of a mapped file ends the program when the disk is full.
            file.Write(new byte[PageLayout.Bytes - HeaderBytes]);
        });
    }
}
