using System.Runtime.CompilerServices;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

/// <summary>Wrong policies as people write them: each told at its place. The cases stand in <c>Expected/bad-policies.txt</c>.</summary>
public sealed class BadPolicyTests
{
    private const string Version = "apiVersion: headroom/v1\n";

    public static TheoryData<string, string, string> Cases()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var part in ("\n" + File.ReadAllText(Expected("bad-policies.txt"))).Split("\n=== ").Skip(1))
        {
            var lines = part.TrimEnd('\n').Split('\n');
            var told = lines.Skip(1).TakeWhile(line => line.StartsWith("--- ", StringComparison.Ordinal)).ToList();
            var text = string.Join('\n', lines.Skip(1 + told.Count)) + "\n";
            data.Add(lines[0], string.Join('\n', told.Select(line => line[4..])), text.StartsWith("apiVersion", StringComparison.Ordinal) ? text : Version + text);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_wrong_policy_is_told_where_it_is_wrong(string situation, string told, string text)
    {
        var result = PolicyReader.Read([PolicyFile.FromText("p.yaml", text)], PresetLibrary.BuiltIn());

        Assert.Null(result.Policy);
        var places = told.Split('\n');
        Assert.True(places.Length == result.Problems.Count, $"{situation}: {string.Join('\n', result.Problems)}");
        foreach (var (expected, problem) in places.Zip(result.Problems))
            Assert.StartsWith($"p.yaml:{expected}", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_a_hundred_of_them_and_no_situation_twice()
    {
        var names = Cases().Select(row => row.Data.Item1).ToList();
        Assert.True(names.Count >= 100, $"{names.Count}");
        Assert.Equal(names.Distinct(), names);
    }

    internal static string Expected(string name, [CallerFilePath] string test = "") => Path.Combine(Path.GetDirectoryName(test)!, "Expected", name);
}
