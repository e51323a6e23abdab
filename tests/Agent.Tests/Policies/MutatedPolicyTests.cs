using System.Globalization;
using System.Text.RegularExpressions;
using Headroom.Policies;
using Headroom.Policies.Binding;
using Headroom.Policies.Tables;
using Headroom.Policies.Yaml;

namespace Headroom.Tests.Policies;

/// <summary>One mistake at each key of every table, in a policy that has them all: told at the line where it was made.</summary>
public sealed partial class MutatedPolicyTests
{
    private static readonly string[] Lines = [.. File.ReadAllText(BadPolicyTests.Expected("full-policy.yaml")).TrimEnd('\n').Split('\n')];

    [GeneratedRegex("^( *(?:- )?)([^:]+):(?: (.+))?$")]
    private static partial Regex KeyLine();

    /// <summary>The key of one line, and the lines of its value below it.</summary>
    private sealed record Spot(int Line, string Indent, string Key, string Value, int Below)
    {
        public int Column => Indent.Length + 1;
        public bool OwnName => Indent == "  " && Key is "off-peak" or "on weekends";
        public override string ToString() => $"line {Line + 1}: {Key}";
    }

    private static IEnumerable<Spot> Spots()
    {
        for (var i = 0; i < Lines.Length; i++)
            if (KeyLine().Match(Lines[i]) is { Success: true } match && !Lines[i].StartsWith('#'))
            {
                var indent = match.Groups[1].Value;
                var below = Lines.Skip(i + 1).TakeWhile(line => line.Length - line.TrimStart(' ').Length > indent.Length).Count();
                yield return new(i, indent, match.Groups[2].Value, match.Groups[3].Value, below);
            }
    }

    [Fact]
    public void The_policy_that_the_mistakes_are_made_in_is_right_and_has_every_key_of_every_table()
    {
        Assert.Empty(Problems(Lines));
        var root = (YamlMapping)YamlReader.Read(PolicyFile.FromText("p.yaml", string.Join('\n', Lines)), new Problems())!;
        var missing = new List<string>();
        Walk(PolicyTable.Root, [root], "");
        Assert.Empty(missing);

        void Walk(Shape shape, IReadOnlyList<YamlNode> nodes, string path)
        {
            switch (shape)
            {
                case IListShape list:
                    Walk(list.Item, [.. nodes.OfType<YamlSequence>().SelectMany(n => n.Items)], path + "[]");
                    break;
                case INamedShape named:
                    Walk(named.Item, [.. nodes.OfType<YamlMapping>().SelectMany(n => n.Entries).Select(e => e.Value)], path + ".*");
                    break;
                case IMappingShape mapping:
                    foreach (var key in mapping.Keys)
                    {
                        var values = nodes.OfType<YamlMapping>().Select(n => n.Find(key.Name)?.Value).OfType<YamlNode>().ToList();
                        if (values.Count == 0)
                            missing.Add($"{path}.{key.Name}");
                        else
                            Walk(key.Shape, values, $"{path}.{key.Name}");
                    }
                    break;
            }
        }
    }

    [Fact]
    public void A_slip_in_any_key_is_told_at_that_key()
    {
        foreach (var spot in Spots().Where(spot => !spot.OwnName))
            Told(spot, With(spot, $"{spot.Indent}{spot.Key}q:{Space(spot.Value)}"), spot.Line, spot.Column, $"has no key \"{spot.Key}q\"");
    }

    [Fact]
    public void Any_key_written_twice_is_told_at_the_second()
    {
        foreach (var spot in Spots())
        {
            var blank = spot.Indent.Replace('-', ' ');
            var copy = (string[])[.. Lines.Take(spot.Line + 1 + spot.Below), $"{blank}{spot.Key}: 1", .. Lines.Skip(spot.Line + 1 + spot.Below)];
            Told(spot, copy, spot.Line + 1 + spot.Below, spot.Column, $"the key \"{spot.Key}\" stands twice");
        }
    }

    [Theory]
    [InlineData("{ q: 1 }")]
    [InlineData("[ [ q ] ]")]
    [InlineData("")]
    public void A_value_of_another_kind_is_told_at_any_key(string value)
    {
        // Labels of a series may have any name.
        foreach (var spot in Spots().Where(spot => spot.Key != "where"))
        {
            // An empty item of a list, and names that are looked up elsewhere, are told there too; the own line must be among them.
            var cut = (string[])[.. Lines.Take(spot.Line), $"{spot.Indent}{spot.Key}:{Space(value)}", .. Lines.Skip(spot.Line + 1 + spot.Below)];
            Told(spot, cut, spot.Line, null, "");
        }
    }

    [Fact]
    public void A_number_of_another_unit_is_told_at_any_key()
    {
        var count = 0;
        foreach (var spot in Spots())
            foreach (var wrong in Units(spot.Value))
            {
                Told(spot, With(spot, $"{spot.Indent}{spot.Key}: {wrong}"), spot.Line, spot.Indent.Length + spot.Key.Length + 3, $"\"{wrong}\"");
                count++;
            }
        Assert.True(count > 150, $"{count}");
    }

    [Fact]
    public void Any_key_that_a_mapping_needs_is_missed_at_that_mapping()
    {
        var required = new HashSet<string>(Required(PolicyTable.Root).Concat(["from", "to", "cron", "duration", "group", "workload", "count"]));
        var missed = 0;
        foreach (var spot in Spots().Where(spot => required.Contains(spot.Key) && !(spot.Key is "group" or "workload" or "reserve" && spot.Indent.Length < 6)))
        {
            var isFirst = spot.Indent.EndsWith("- ", StringComparison.Ordinal);
            var cut = Lines.Take(spot.Line).Concat(Lines.Skip(spot.Line + 1 + spot.Below)).ToList();
            if (isFirst)
                cut[spot.Line] = spot.Indent + cut[spot.Line].TrimStart(' ');
            var problems = Problems(cut);
            // A mapping whose only key is gone is told as one that has no value.
            Assert.True(
                problems.Any(p => (p.Message.Contains("need", StringComparison.Ordinal) && p.Message.Contains(spot.Key, StringComparison.Ordinal) && p.Line == Begins(spot) + 1)
                    || (p.Message.Contains("has no value", StringComparison.Ordinal) && p.Line == spot.Line)),
                $"{spot} is missing: {string.Join('\n', problems)}");
            missed++;
        }
        Assert.True(missed > 25, $"{missed}");
    }

    /// <summary>The line at which the mapping of a key begins; when it is the first itself, the next takes its place.</summary>
    private static int Begins(Spot spot)
    {
        var first = spot.Line;
        for (var i = spot.Line - 1; i >= 0 && !Lines[i].StartsWith('#'); i--)
        {
            var column = KeyLine().Match(Lines[i]) is { Success: true } match ? match.Groups[1].Length + 1 : int.MaxValue;
            if (column < spot.Column || Lines[first].TrimStart(' ').StartsWith("- ", StringComparison.Ordinal))
                break;
            if (column == spot.Column)
                first = i;
        }
        return first;
    }

    private static IEnumerable<string> Required(Shape shape) => shape switch
    {
        IListShape list => Required(list.Item),
        INamedShape named => Required(named.Item),
        IMappingShape mapping => mapping.Keys.Where(key => key.IsRequired).Select(key => key.Name).Concat(mapping.Keys.SelectMany(key => Required(key.Shape))),
        _ => [],
    };

    private static IEnumerable<string> Units(string value)
    {
        if (value.EndsWith('%'))
            return [value[..^1], value[..^1] + " %", "-" + value, value + "%", value[..^1] + "pc"];
        if (value.EndsWith("iB", StringComparison.Ordinal))
            return [value[..^2], value[..^2] + "b", value[..^1], value + "s", "-" + value, "9999TiB", value[..^3]];
        if (value.Length is > 1 and < 6 && char.IsAsciiDigit(value[0]) && value[^1] is 's' or 'm' or 'h' && !value.Contains('-', StringComparison.Ordinal))
        {
            var number = value.TrimEnd('m', 's', 'h');
            return [number, number + "sec", number + " s", "-" + value, value.ToUpperInvariant(), "99999d"];
        }
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? ["-1", "1e3", "0x1", value + "s", "many"] : [];
    }

    private static string[] With(Spot spot, string line) => [.. Lines.Take(spot.Line), line, .. Lines.Skip(spot.Line + 1)];

    private static string Space(string value) => value.Length == 0 ? "" : " " + value;

    private static IReadOnlyList<PolicyProblem> Problems(IEnumerable<string> lines) =>
        PolicyReader.Read([PolicyFile.FromText("p.yaml", string.Join('\n', lines) + "\n")], PresetLibrary.BuiltIn()).Problems;

    private static void Told(Spot spot, IEnumerable<string> lines, int line, int? column, string part)
    {
        var problems = Problems(lines);
        Assert.True(
            problems.Any(p => p.Line == line + 1 && (column is null || p.Column == column) && p.Message.Contains(part, StringComparison.Ordinal)),
            $"{spot}: nothing about {part} at {line + 1}:{column}, but\n{string.Join('\n', problems)}");
    }
}
