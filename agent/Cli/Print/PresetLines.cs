using Headroom.Model;
using Headroom.Policies;
using Headroom.Policies.Tables;

namespace Headroom.Cli.Print;

/// <summary>The user's own presets; those that come with Headroom stand in its documentation.</summary>
internal static class PresetLines
{
    private const string Root = "presets";

    public static void Write(IReadOnlyList<Preset> presets, PolicyLines lines)
    {
        var own = presets.Where(preset => lines.Has(Root, preset.Name)).ToList();
        if (own.Count > 0)
            lines.Head(Root);
        foreach (var preset in own)
            Write(preset, lines);
    }

    private static void Write(Preset preset, PolicyLines lines)
    {
        var name = preset.Name;
        lines.First(PolicyText.Text(name), Root, name, "name");
        lines.Value(preset.Verified.Word(), Root, name, "verified");
        lines.Value(preset.Format.Word(), Root, name, "format");
        if (preset.Ports.Count > 0)
            lines.Value(PolicyText.List(preset.Ports.Select(PolicyText.Whole)), Root, name, "ports");
        lines.Value(Texts(preset.Paths), Root, name, "paths");
        lines.Value(PolicyText.Duration(preset.Refresh), Root, name, "refresh");
        (string Key, IReadOnlyList<string> Values)[] detect =
        [
            ("images", preset.Detect.Images), ("argv", preset.Detect.Argv), ("env", preset.Detect.Env), ("prefixes", preset.Detect.Prefixes), ("portFlags", preset.Detect.PortFlags),
        ];
        if (detect.Any(d => d.Values.Count > 0))
            lines.Head(Root, name, "detect");
        foreach (var (key, values) in detect.Where(d => d.Values.Count > 0))
            lines.Value(Texts(values), Root, name, "detect", key);
        lines.Head(Root, name, "fields");
        foreach (var (word, fields) in preset.Fields)
            lines.Value(PolicyText.List(fields.Select(field => Field(word, field))), Root, name, "fields", word);
    }

    private static string Field(string word, PresetField field)
    {
        var parts = new List<string> { $"{PresetFieldTable.Source(field.Kind)}: {PolicyText.Text(field.Name)}" };
        if (field.Count is { } count)
            parts.Add($"count: {PolicyText.Text(count)}");
        if (PresetFieldTable.Unit(word, field.Unit) is { } unit)
            parts.Add($"unit: {unit}");
        if (field.Where is { } where)
            parts.Add($"where: {{ {string.Join(", ", where.Select(w => $"{PolicyText.Text(w.Key)}: {PolicyText.Text(w.Value)}"))} }}");
        if (field.Minus is { } minus)
            parts.Add($"minus: {PolicyText.Text(minus)}");
        return $"{{ {string.Join(", ", parts)} }}";
    }

    private static string Texts(IEnumerable<string> texts) => PolicyText.List(texts.Select(PolicyText.Text));
}
