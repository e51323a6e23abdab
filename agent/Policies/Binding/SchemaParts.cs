using System.Text.Json.Nodes;

namespace Headroom.Policies.Binding;

/// <summary>Pieces of a schema that occur many times: written once, referred to elsewhere.</summary>
internal sealed class SchemaParts
{
    private readonly Dictionary<Shape, string> _names = [];

    public JsonObject Definitions { get; } = [];

    public JsonObject Refer(Shape shape)
    {
        if (!_names.TryGetValue(shape, out var name))
        {
            name = shape.What[(shape.What.LastIndexOf(' ') + 1)..];
            _names.Add(shape, name);
            Definitions.Add(name, shape.Schema(this));
        }
        return new() { ["$ref"] = $"#/$defs/{name}" };
    }
}
