using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary>A mapping's keys, whatever it binds to.</summary>
internal interface IMappingShape
{
    IReadOnlyList<IKey> Keys { get; }
}

/// <summary>A mapping with known keys.</summary>
/// <param name="what">With its article: <c>a workload</c>.</param>
/// <param name="seed">What holds before any key is read.</param>
/// <param name="keys">All that may stand in it.</param>
/// <param name="check">What concerns several keys at once. Sees mappings with mistakes too, and must bear them.</param>
internal sealed class Mapping<T>(
    string what, string example, Func<YamlMapping, T> seed, IReadOnlyList<Key<T>> keys, Action<T, YamlMapping, Problems>? check = null) : Shape<T>, IMappingShape
{
    private readonly Dictionary<string, Key<T>> _byName = keys.ToDictionary(key => key.Name);

    public override string What => what;
    public override string Example => example;
    public IReadOnlyList<IKey> Keys => keys;

    public override JsonObject Schema(SchemaParts parts)
    {
        var properties = new JsonObject();
        foreach (var key in keys)
        {
            var schema = key.Shape.Schema(parts);
            schema["description"] = $"{key.Doc} {(key.Shape.Bounds is { } bounds ? $"{bounds}, e.g." : "E.g.")} {key.Shape.Example}";
            properties[key.Name] = schema;
        }
        var json = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (keys.Any(key => key.IsRequired))
            json["required"] = new JsonArray([.. keys.Where(key => key.IsRequired).Select(key => (JsonNode)key.Name)]);
        return json;
    }

    public Key<T>? Find(string name) => _byName.GetValueOrDefault(name);

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (node is not YamlMapping mapping)
            return Refuse(node, name, problems);
        var before = problems.Count;
        value = Apply(seed(mapping), mapping, problems);
        return problems.Count == before;
    }

    /// <summary>The value with all right keys of the mapping set; the wrong ones are told.</summary>
    public T Apply(T value, YamlMapping mapping, Problems problems)
    {
        foreach (var entry in mapping.Entries)
            if (Find(entry.Key.Text) is { } key)
                value = key.Bind(value, entry, problems);
            else
                problems.AddUnknown(entry.Key.At, $"{what} has no key", entry.Key.Text, _byName.Keys);
        foreach (var key in keys)
            if (key.IsRequired && !mapping.Has(key.Name))
                problems.Add(mapping.At, $"{what} needs the key {key.Name}: {key.Shape.Example}");
        check?.Invoke(value, mapping, problems);
        return value;
    }
}
