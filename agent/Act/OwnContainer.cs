using System.Text.RegularExpressions;

namespace Headroom.Act;

/// <summary>The container that this agent itself runs in, which must never be held, whatever it is called and labelled.</summary>
internal static partial class OwnContainer
{
    /// <summary>Its full id; null on the host, or where it can't be told.</summary>
    public static string? Find(string procPath = "/proc") =>
        Match(Path.Combine(procPath, "self/cgroup"), InCgroup()) ?? Match(Path.Combine(procPath, "self/mountinfo"), InMounts());

    private static string? Match(string path, Regex pattern)
    {
        try
        {
            return pattern.Match(File.ReadAllText(path)) is { Success: true } found ? found.Groups[1].Value : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // The last part of a path, alone or as docker-<id>.scope.
    [GeneratedRegex(@"[/-]([0-9a-f]{64})(?:\.scope)?$", RegexOptions.Multiline)]
    private static partial Regex InCgroup();

    // Docker mounts these three files into each container; with a cgroup namespace of its own the cgroup says only "/".
    [GeneratedRegex(@"/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf) ")]
    private static partial Regex InMounts();
}
