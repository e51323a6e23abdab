using System.Runtime.CompilerServices;

namespace Headroom.Tests.Support;

/// <summary>The policies that users begin with.</summary>
internal static class Samples
{
    public static IReadOnlyList<string> Policies() => [.. Directory.GetFiles(Folder(), "*.yaml").Order(StringComparer.Ordinal)];

    public static IReadOnlyList<string> PolicyTests() => [.. Directory.GetFiles(Path.Combine(Folder(), "tests"), "*.yaml").Order(StringComparer.Ordinal)];

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(here.Split("/tests/Agent.Tests/")[0], "deploy/policies");
}
