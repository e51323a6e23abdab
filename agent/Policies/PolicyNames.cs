using Headroom.Model;
using Headroom.Policies.Yaml;

namespace Headroom.Policies;

/// <summary>What names say to each other, over all files of a policy.</summary>
internal static class PolicyNames
{
    public static void Check(IReadOnlyList<YamlMapping> roots, IReadOnlyList<Preset> builtIn, Problems problems)
    {
        TellDoubles("workloads", "a workload", roots, problems);
        TellDoubles("presets", "a preset", roots, problems);

        HashSet<string> presets = [.. builtIn.Select(preset => preset.Name), .. Names("presets", roots).Select(name => name.Text)];
        foreach (var workload in Items("workloads", roots))
            if (workload.Find("metrics")?.Value is YamlMapping metrics
                && metrics.Find("preset")?.Value is YamlScalar { IsNothing: false } preset
                && Addresses.PresetName(preset.Text).Error is null && !presets.Contains(preset.Text))
                problems.AddUnknown(preset.At, "no preset is called", preset.Text, presets);
    }

    private static void TellDoubles(string list, string what, IReadOnlyList<YamlMapping> roots, Problems problems)
    {
        var seen = new Dictionary<string, Place>();
        foreach (var name in Names(list, roots))
            if (!seen.TryAdd(name.Text, name.At))
                problems.Add(name.At, $"{what} called {Wording.Quote(name.Text)} stands already at {seen[name.Text]}; names are unique");
    }

    private static IEnumerable<YamlScalar> Names(string list, IReadOnlyList<YamlMapping> roots) =>
        Items(list, roots).Select(item => item.Find("name")?.Value).OfType<YamlScalar>().Where(name => !name.IsNothing);

    private static IEnumerable<YamlMapping> Items(string list, IReadOnlyList<YamlMapping> roots) =>
        roots.Select(root => root.Find(list)?.Value).OfType<YamlSequence>().SelectMany(items => items.Items).OfType<YamlMapping>();
}
