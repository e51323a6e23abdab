using System.Reflection;

namespace Headroom.Run;

/// <summary>Which build this is.</summary>
internal static class AgentVersion
{
    // "0.1.0+<commit>": the SDK appends the commit it was built from.
    private static readonly string[] Parts =
        (typeof(AgentVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);

    public static string Version => Parts[0];

    public static string Commit => Parts.Length > 1 ? Parts[1][..Math.Min(12, Parts[1].Length)] : "unknown";
}
