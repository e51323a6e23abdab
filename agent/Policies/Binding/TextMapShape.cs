using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary>A mapping whose keys the user chooses.</summary>
internal sealed class TextMapShape(string what, string example) : Shape<IReadOnlyDictionary<string, string>>
{
    public override string What => what;
    public override string Example => example;

    public override JsonObject Schema(SchemaParts parts) => new() { ["type"] = "object", ["additionalProperties"] = ScalarJson.AnyText.Schema() };

    public override bool TryBind(
        YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out IReadOnlyDictionary<string, string> value)
    {
        value = null;
        if (node is not YamlMapping mapping)
            return Refuse(node, name, problems);
        var before = problems.Count;
        var map = new Dictionary<string, string>();
        foreach (var entry in mapping.Entries)
            if (entry.Value is YamlScalar { IsNothing: false } text)
                map[entry.Key.Text] = text.Text;
            else
                problems.Add(entry.Value.At, $"{entry.Key.Text} of {name} must be text, found {entry.Value.Kind}");
        value = map;
        return problems.Count == before;
    }
}
