using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <param name="Text">What to write, for people: <c>1s or more</c>.</param>
internal sealed record Range<T>(string Text, Func<T, bool> Holds);

/// <summary>One value in the grammar of <see cref="Scalars"/>.</summary>
/// <param name="words">All that may be written, where that is a few words.</param>
/// <param name="json">What an editor should let through; any text when not given.</param>
internal sealed class ScalarShape<T>(
    string what, string example, Func<string, Parsed<T>> parse, IReadOnlyList<string>? words = null, Range<T>? range = null,
    ScalarJson? json = null) : Shape<T>
{
    public override string What => what;
    public override string Example => example;
    public override IReadOnlyList<string>? Words => words;
    public override string? Bounds => range?.Text;

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (node is not YamlScalar { IsNothing: false } scalar)
            return Refuse(node, name, problems);
        var parsed = Parse(scalar.Text);
        if (parsed.Ok(out value))
            return true;
        problems.Add(node.At, $"{name}: {parsed.Error}");
        return false;
    }

    public override JsonObject Schema(SchemaParts parts) => words is not null
        ? new() { ["enum"] = new JsonArray([.. words.Select(word => (JsonNode)word)]) }
        : (json ?? ScalarJson.AnyText).Schema();

    /// <summary>As in a file, but without one: labels.</summary>
    public Parsed<T> Parse(string text)
    {
        var parsed = parse(text);
        return !parsed.Ok(out var value) || range is null || range.Holds(value)
            ? parsed
            : Parsed.Error<T>($"{Wording.Quote(text)} is out of range; write {range.Text}, such as {example}");
    }
}
