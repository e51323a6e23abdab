namespace Headroom.Tests.Support;

/// <summary>Compares text with a file that was looked at once. Folder <c>Expected</c> beside the test; after a wanted change,
/// <c>HEADROOM_UPDATE_GOLDEN=1 dotnet test</c> writes it anew, and the difference is reviewed in git.</summary>
internal static class Golden
{
    public static void Match(string name, string actual, [System.Runtime.CompilerServices.CallerFilePath] string test = "") =>
        MatchFile(Path.Combine(Path.GetDirectoryName(test)!, "Expected", name), actual);

    /// <summary>A page of <c>docs/</c> that is written from the code.</summary>
    public static void MatchDocument(string name, string actual, [System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        MatchFile(Path.GetFullPath(Path.Combine(here.Replace('\\', '/').Split("/tests/Agent.Tests/")[0], "docs", name)), actual);

    private static void MatchFile(string path, string actual)
    {
        var name = Path.GetFileName(path);
        if (Environment.GetEnvironmentVariable("HEADROOM_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }
        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        if (expected == actual)
            return;
        File.WriteAllText(path + ".actual", actual);
        Assert.Fail($"{name} differs from what it was (the new text is beside it, {name}.actual):\n{FirstDifference(expected, actual)}");
    }

    private static string FirstDifference(string expected, string actual)
    {
        var (was, now) = (expected.Split('\n'), actual.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(was.Length, now.Length)).First(i => was.ElementAtOrDefault(i) != now.ElementAtOrDefault(i));
        return $"line {line + 1}\n- {was.ElementAtOrDefault(line)}\n+ {now.ElementAtOrDefault(line)}";
    }
}
