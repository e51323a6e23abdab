using Headroom.Model;

namespace Headroom.Policies;

/// <summary>A container's labels -> what they say, and what is wrong with them. Never throws: anyone may start a container with any label.</summary>
internal static class Labels
{
    private const int MaxMistakes = 20;
    private static readonly Dictionary<string, LabelKey> Known = LabelTable.All.ToDictionary(key => key.Name);

    /// <param name="presets">Those that <c>headroom.metrics</c> may name.</param>
    public static LabelValues Read(IReadOnlyDictionary<string, string> labels, IReadOnlyList<Preset> presets)
    {
        var values = new LabelValues();
        var mistakes = new List<string>();
        foreach (var (name, text) in labels.Where(IsOurs).OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            if (Known.TryGetValue(name, out var key))
                values = Apply(key, text.Trim(), values, mistakes);
            else
                mistakes.Add($"there is no label {Wording.Quote(name)}; {Wording.Instead(name, Known.Keys)}");
        }
        values = CheckTogether(values, presets, mistakes);
        return values with { Mistakes = Capped(mistakes) };
    }

    private static bool IsOurs(KeyValuePair<string, string> label) => label.Key.StartsWith(LabelTable.Prefix, StringComparison.OrdinalIgnoreCase);

    private static LabelValues Apply(LabelKey key, string text, LabelValues values, List<string> mistakes)
    {
        var (read, error) = text.Length == 0
            ? (values, $"has no value; write {key.Shape.Example}")
            : key.Read(values, text);
        if (error is null)
            return read;
        mistakes.Add($"label {key.Name}{(text.Length == 0 ? "" : ":")} {error}{(key.Then is null ? "" : $" ({key.Then})")}");
        return key.WhenUnreadable?.Invoke(values) ?? values;
    }

    private static LabelValues CheckTogether(LabelValues values, IReadOnlyList<Preset> presets, List<string> mistakes)
    {
        if (values.MetricsPreset is { } name && !presets.Any(preset => preset.Name == name))
        {
            mistakes.Add($"label headroom.metrics: no preset is called {Wording.Quote(name)}; {Wording.Instead(name, [.. presets.Select(preset => preset.Name)])}");
            values = values with { MetricsPreset = null };
        }
        if (values.GuaranteeBytes > values.CapBytes)
        {
            mistakes.Add("label headroom.vram.guarantee: more than headroom.vram.cap; write it smaller or the cap larger (neither counts until then)");
            values = values with { GuaranteeBytes = null, CapBytes = null };
        }
        return values;
    }

    private static List<string> Capped(List<string> mistakes) => mistakes.Count <= MaxMistakes
        ? mistakes
        : [.. mistakes.Take(MaxMistakes), $"and {mistakes.Count - MaxMistakes} more"];
}
