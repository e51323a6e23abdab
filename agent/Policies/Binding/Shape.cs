using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary>What a value of the policy must look like. Tables of shapes are data: binding walks them, schema and reference are written from them.</summary>
internal abstract class Shape
{
    /// <summary>With its article: <c>a duration</c>.</summary>
    public abstract string What { get; }

    /// <summary>A right one, as written in YAML.</summary>
    public abstract string Example { get; }

    /// <summary>All that may be written, where that is a few words.</summary>
    public virtual IReadOnlyList<string>? Words => null;

    /// <summary>What values are right, where not all are: <c>100ms to 1h</c>.</summary>
    public virtual string? Bounds => null;

    /// <summary>The same as JSON Schema. Each call makes a new one: a JSON node has one parent.</summary>
    /// <param name="parts">Where larger pieces that occur often are kept once.</param>
    public abstract JsonObject Schema(SchemaParts parts);
}

internal abstract class Shape<T> : Shape
{
    /// <summary>The value; or false, after telling why not.</summary>
    /// <param name="name">What people call the place: the key, for example.</param>
    public abstract bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out T value);

    protected bool Refuse(YamlNode node, string name, Problems problems)
    {
        if (node is YamlRefused)
            return false;
        problems.Add(node.At, node is YamlScalar { IsNothing: true }
            ? $"{name} has no value; write {What}: {Example}"
            : $"{name} must be {What}: {Example}; found {node.Kind}");
        return false;
    }
}
