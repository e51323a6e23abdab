using System.Text.RegularExpressions;
using Headroom.Model;

namespace Headroom.Tests.Decide.Rules;

internal static partial class ReasonChecks
{
    /// <summary>Its code is known, each placeholder has a value, each number is one.</summary>
    public static void IsWhole(Reason reason, IReadOnlyList<ReasonCode> table)
    {
        var code = table.Single(c => c.Code == reason.Code);
        foreach (var text in new[] { code.English, code.Chinese })
            foreach (Match hole in Hole().Matches(text))
                Assert.True(reason.Values.ContainsKey(hole.Groups[1].Value), $"{code.Code} lacks {hole.Value}");
        Assert.All(reason.Values.Values, v => Assert.True(v.Unit == ReasonUnit.Text ? v.Text?.Length > 0 : double.IsFinite(v.Number)));
    }

    /// <summary>Both languages speak of the same.</summary>
    public static void SpeaksBoth(IReadOnlyList<ReasonCode> table)
    {
        Assert.Equal(table.Count, table.Select(c => c.Code).Distinct().Count());
        Assert.All(table, c => Assert.Equal(Holes(c.English), Holes(c.Chinese)));
    }

    private static IEnumerable<string> Holes(string text) => Hole().Matches(text).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Hole();
}
