using Headroom.Pages;
using Headroom.Run;

namespace Headroom.Cli.Inject;

/// <summary><c>inject --prepare</c>: before Docker starts containers, what they mount is there.</summary>
internal static class InjectPrepare
{
    /// <summary>Exit code: 0 all is there, or nothing was ever injected; 1 something could not be made.</summary>
    /// <param name="library">Null: this build has none.</param>
    public static int Run(string stateDirectory, byte[]? library, TextWriter talk)
    {
        try
        {
            var pages = HostPlaces.Known(stateDirectory);
            if (pages.Count == 0)
            {
                talk.WriteLine($"headroom: no service was injected here: nothing below {stateDirectory}/pages");
                return ExitCode.Ok;
            }
            // An older build's library does until then.
            if (library is null && !File.Exists(PagePlaces.LibraryIn(stateDirectory)))
            {
                talk.WriteLine($"headroom: {EmbeddedLibrary.Missing}");
                return ExitCode.Failed;
            }
            var all = new HostPlaces(stateDirectory, library ?? File.ReadAllBytes(PagePlaces.LibraryIn(stateDirectory)), talk).Put(pages);
            talk.WriteLine($"headroom: {(all ? "all is there" : "not all could be made")}: the library and {Figures.Count(pages.Count, "page")}");
            return all ? ExitCode.Ok : ExitCode.Failed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            talk.WriteLine($"headroom: what containers mount cannot be made below {stateDirectory}: {e.Message} Run it as root, or name the folder with --state-dir.");
            return ExitCode.Failed;
        }
    }
}
