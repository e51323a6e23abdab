using System.Runtime.CompilerServices;

namespace Headroom.Tests.Support;

/// <summary>Compares text with a file kept beside the tests. On a mismatch the text is left beside it as <c>*.actual</c>;
/// <c>HEADROOM_UPDATE_GOLDEN=1</c> writes the file instead: then read the diff before committing it. Blanks at line ends do not count.</summary>
internal static class Golden
{
    private const int MostDifferences = 20;

    /// <param name="name">File in the folder <c>Expected</c> beside the test.</param>
    public static void Matches(string actual, string name, [CallerFilePath] string test = "") =>
        MatchesFile(actual, Path.Combine(Path.GetDirectoryName(test)!, "Expected", name));

    /// <summary>A page of <c>docs/</c> that is written from the code.</summary>
    public static void MatchesDocument(string actual, string name, [CallerFilePath] string test = "") =>
        MatchesFile(actual, Path.Combine(test.Split("/tests/Agent.Tests/")[0], "docs", name));

    private static void MatchesFile(string actual, string file)
    {
        var text = Trimmed(actual);
        if (Environment.GetEnvironmentVariable("HEADROOM_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
            return;
        }
        var expected = File.Exists(file) ? Trimmed(File.ReadAllText(file)) : "";
        var beside = file + ".actual";
        if (expected == text)
        {
            File.Delete(beside);
            return;
        }
        File.WriteAllText(beside, text);
        Assert.Fail($"{Path.GetFileName(file)} is not as expected; the whole text is in {beside}\n{Differences(expected, text)}");
    }

    private static string Trimmed(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())).TrimEnd('\n') + "\n";

    private static string Differences(string expected, string actual)
    {
        var (left, right) = (expected.Split('\n'), actual.Split('\n'));
        var lines = Enumerable.Range(0, Math.Max(left.Length, right.Length))
            .Where(i => left.ElementAtOrDefault(i) != right.ElementAtOrDefault(i))
            .SelectMany(i => (string[])[$"line {i + 1}", $"  - {left.ElementAtOrDefault(i)}", $"  + {right.ElementAtOrDefault(i)}"])
            .Take(MostDifferences * 3);
        return string.Join('\n', lines);
    }
}
