using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary>What a list key has in common: in several files of one policy such keys add up.</summary>
internal interface IListShape
{
    Shape Item { get; }
}

internal sealed class ListShape<T>(Shape<T> item) : Shape<IReadOnlyList<T>>, IListShape
{
    public Shape Item => item;
    public override string What => $"a list, each {item.What}";
    public override string Example => $"[ {item.Example} ]";

    public override JsonObject Schema(SchemaParts parts) => new() { ["type"] = "array", ["items"] = item.Schema(parts) };

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out IReadOnlyList<T> value)
    {
        value = null;
        if (node is not YamlSequence list)
            return Refuse(node, name, problems);
        var values = new List<T>();
        foreach (var element in list.Items)
            if (item.TryBind(element, $"an item of {name}", problems, out var bound))
                values.Add(bound);
        value = values;
        return values.Count == list.Items.Count;
    }
}

/// <summary>A list, or the one item without its brackets.</summary>
internal sealed class OneOrManyShape<T>(Shape<T> item) : Shape<IReadOnlyList<T>>
{
    private readonly ListShape<T> _many = new(item);

    public Shape Item => item;
    public override string What => $"{item.What}, or a list of such";
    public override string Example => item.Example;

    public override JsonObject Schema(SchemaParts parts) => new()
    {
        ["anyOf"] = new JsonArray(parts.Refer(item), new JsonObject { ["type"] = "array", ["items"] = parts.Refer(item), ["minItems"] = 1 }),
    };

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out IReadOnlyList<T> value)
    {
        if (node is YamlSequence { Items.Count: > 0 })
            return _many.TryBind(node, name, problems, out value);
        value = item.TryBind(node, name, problems, out var one) ? [one] : null;
        return value is not null;
    }
}
