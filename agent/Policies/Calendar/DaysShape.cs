using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Calendar;

/// <summary><c>mon-fri</c>, <c>daily</c>, <c>"mon,wed,sat"</c> or <c>[mon, wed, sat]</c>: inside braces a bare comma would end the value.</summary>
internal sealed class DaysShape : Shape<IReadOnlySet<DayOfWeek>>
{
    private static readonly ScalarShape<IReadOnlySet<DayOfWeek>> Text = new("days of the week", "mon-fri", DayText.Parse, json: ScalarJson.Days);
    private static readonly ListShape<IReadOnlySet<DayOfWeek>> List = new(Text);

    public override string What => Text.What;
    public override string Example => Text.Example;

    public override JsonObject Schema(SchemaParts parts) => new() { ["anyOf"] = new JsonArray(Text.Schema(parts), List.Schema(parts)) };

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out IReadOnlySet<DayOfWeek> value)
    {
        if (node is not YamlSequence { Items.Count: > 0 })
            return Text.TryBind(node, name, problems, out value);
        value = List.TryBind(node, name, problems, out var sets) ? sets.SelectMany(set => set).ToHashSet() : null;
        return value is not null;
    }
}
