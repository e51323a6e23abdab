using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary>A mapping, or the one word <c>off</c> in its place.</summary>
internal sealed class OrOffShape<T>(Mapping<T> on, T off) : Shape<T>, IMappingShape
{
    public const string Off = "off";

    public IReadOnlyList<IKey> Keys => on.Keys;
    public override string What => $"{on.What}, or {Off}";
    public override string Example => on.Example;

    // To an editor that reads YAML 1.1 a bare off is false.
    public override JsonObject Schema(SchemaParts parts) => new() { ["anyOf"] = new JsonArray(new JsonObject { ["enum"] = new JsonArray(Off, false) }, on.Schema(parts)) };

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        if (node is YamlMapping)
            return on.TryBind(node, name, problems, out value);
        value = off;
        return node is YamlScalar { Text: Off } || Refuse(node, name, problems);
    }
}
