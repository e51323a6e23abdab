using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary>A mapping of the user's own names to things of one kind; in several files of one policy such keys add up.</summary>
internal interface INamedShape
{
    Shape Item { get; }
}

/// <param name="what">For people: <c>names and their windows</c>.</param>
internal sealed class NamedShape<T>(string what, string example, Shape<T> item, Func<T, string, T> named) : Shape<IReadOnlyList<T>>, INamedShape
{
    /// <summary>More is no policy, and looking up as many time zones takes seconds.</summary>
    public const int Max = 100;

    public Shape Item => item;
    public override string What => what;
    public override string Example => example;

    public override JsonObject Schema(SchemaParts parts) => new() { ["type"] = "object", ["additionalProperties"] = item.Schema(parts) };

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out IReadOnlyList<T> value)
    {
        value = null;
        if (node is not YamlMapping mapping)
            return Refuse(node, name, problems);
        var before = problems.Count;
        var values = new List<T>();
        if (mapping.Entries.Count > Max)
            problems.Add(mapping.Entries[Max].Key.At, string.Create(CultureInfo.InvariantCulture, $"more than {Max} {name}: not a policy"));
        foreach (var entry in mapping.Entries.Take(Max))
        {
            var own = Scalars.Name(entry.Key.Text);
            if (own.Error is { } error)
                problems.Add(entry.Key.At, error);
            if (item.TryBind(entry.Value, entry.Key.Text, problems, out var bound))
                values.Add(named(bound, entry.Key.Text));
        }
        value = values;
        return problems.Count == before;
    }
}
