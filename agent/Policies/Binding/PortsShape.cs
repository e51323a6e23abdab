using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary><c>[8000, 8001]</c>, <c>8000</c>, or as in labels <c>"8000, 8001"</c>.</summary>
internal sealed class PortsShape : Shape<IReadOnlyList<int>>
{
    private readonly ListShape<int> _list = new(Shapes.Port);

    public override string What => _list.What;
    public override string Example => "[8000, 8001]";

    public override JsonObject Schema(SchemaParts parts) => new() { ["anyOf"] = new JsonArray(_list.Schema(parts), Shapes.PortList.Schema(parts)) };

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out IReadOnlyList<int> value) => node switch
    {
        YamlSequence => _list.TryBind(node, name, problems, out value),
        YamlScalar { IsNothing: false } => Shapes.PortList.TryBind(node, name, problems, out value),
        _ => Refused(node, name, problems, out value),
    };

    private bool Refused(YamlNode node, string name, Problems problems, out IReadOnlyList<int>? value)
    {
        value = null;
        return Refuse(node, name, problems);
    }
}
