using Headroom.Profiling;

namespace Headroom.Cli.Profiles;

/// <summary>The files of a profile: the JSON for programs, the page for people.</summary>
internal static class ProfileFiles
{
    /// <summary>Makes the folder, and looks whether the files could be written.</summary>
    /// <exception cref="ProfileException">They could not; says what to do.</exception>
    public static void Prepare(ProfileRequest asked)
    {
        try
        {
            Directory.CreateDirectory(asked.Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ProfileException($"--output {asked.Folder}: {e.Message}");
        }
        // Before the server is found its name is only a guess, which is right for containers.
        if (!asked.Force && Names(asked, asked.Name ?? asked.Server).FirstOrDefault(File.Exists) is { } there)
            throw new ProfileException($"{there} is there already: --force writes over it, --name gives it another name");
    }

    /// <returns>The paths.</returns>
    /// <exception cref="ProfileException">They could not be written.</exception>
    public static IReadOnlyList<string> Write(ProfileRequest asked, ProfileReport report)
    {
        var names = Names(asked, report.Target.Name);
        if (!asked.Force && names.Any(File.Exists))
            names = Names(asked, $"{report.Target.Name}-{report.StartedAt:yyyyMMdd-HHmmss}");
        try
        {
            File.WriteAllText(names[0], ProfileJson.Write(report) + "\n");
            File.WriteAllText(names[1], HtmlReport.Write(report, asked.Language));
            return names;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ProfileException($"the files could not be written: {e.Message} (what was measured is on stdout with --json)");
        }
    }

    private static string[] Names(ProfileRequest asked, string name)
    {
        var safe = string.Concat(name.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')).TrimStart('.');
        return [Path.Combine(asked.Folder, $"{safe}.profile.json"), Path.Combine(asked.Folder, $"{safe}.profile.html")];
    }
}
