using System.Diagnostics.CodeAnalysis;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <param name="Text">For people: <c>at least 1s</c>.</param>
internal sealed record Range<T>(string Text, Func<T, bool> Holds);

/// <summary>One value in the grammar of <see cref="Scalars"/>.</summary>
/// <param name="words">All that may be written, where that is a few words.</param>
internal sealed class ScalarShape<T>(
    string what, string example, Func<string, Parsed<T>> parse, IReadOnlyList<string>? words = null, Range<T>? range = null) : Shape<T>
{
    public override string What => what;
    public override string Example => example;
    public IReadOnlyList<string>? Words => words;
    public Range<T>? Range => range;

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (node is not YamlScalar { IsNothing: false } scalar)
            return Refuse(node, name, problems);
        var parsed = parse(scalar.Text);
        if (!parsed.Ok(out value))
        {
            problems.Add(node.At, $"{name}: {parsed.Error}");
            return false;
        }
        if (range is null || range.Holds(value))
            return true;
        problems.Add(node.At, $"{name} must be {range.Text}, found {scalar.Text}");
        return false;
    }
}
