using Headroom.Pages;

namespace Headroom.Cli.Inject;

/// <summary>Library and pages on the host.</summary>
/// <param name="procPath"><c>/proc</c>; a test's own tree otherwise.</param>
internal sealed class HostPlaces(string stateDirectory, byte[] library, TextWriter talk, string procPath = "/proc")
{
    /// <summary>Of these services. Tells what it made, and what it could not.</summary>
    /// <returns>Whether all is there.</returns>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public bool Put(IEnumerable<string> pages)
    {
        // Root's alone: a page is open to every user who could reach it.
        if (!Directory.Exists(stateDirectory))
            Directory.CreateDirectory(stateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var place = PagePlaces.LibraryIn(stateDirectory);
        if (OwnFiles.PutLibrary(place, library))
            talk.WriteLine($"headroom: {place}: written");
        var all = true;
        foreach (var page in pages)
        {
            var made = PageMaker.Create(page, procPath);
            all &= made.Result != PageMaking.Refused;
            if (made.Result != PageMaking.Kept)
                talk.WriteLine($"headroom: {page}: {made.Words}");
        }
        return all;
    }

    /// <summary>Every service that was ever injected here has an entry, whatever became of it.</summary>
    public static IReadOnlyList<string> Known(string stateDirectory)
    {
        var pages = Path.Combine(stateDirectory, "pages");
        return !Directory.Exists(pages) ? [] :
        [
            .. Directory.EnumerateDirectories(pages).SelectMany(Directory.EnumerateFileSystemEntries).Where(path => !OwnFiles.IsAside(path)).Order(StringComparer.Ordinal),
        ];
    }
}
