using Headroom.Model;
using Headroom.Policies.Yaml;

namespace Headroom.Policies;

/// <summary>What names say to each other, over all files of a policy.</summary>
internal static class PolicyNames
{
    public static void Check(IReadOnlyList<YamlMapping> roots, IReadOnlyList<Preset> builtIn, Problems problems)
    {
        TellDoubles("a workload", Names("workloads", roots), problems);
        TellDoubles("a preset", Names("presets", roots), problems);
        TellDoubles("a channel", Names("notify", roots), problems);
        TellDoubles("a window", Windows(roots), problems);

        HashSet<string> presets = [.. builtIn.Select(preset => preset.Name), .. Names("presets", roots).Select(name => name.Text)];
        foreach (var name in Items("workloads", roots).Select(workload => Text(workload, "metrics", "preset")))
            if (name is not null && Addresses.PresetName(name.Text).Error is null)
                Resolve(name, "preset", presets, problems);

        var windows = Windows(roots).Select(name => name.Text).ToHashSet();
        foreach (var workload in Items("workloads", roots))
            Resolve(Text(workload, "window", "name"), "window", windows, problems);

        var workloads = Names("workloads", roots).Select(name => name.Text).ToHashSet();
        var groups = Items("workloads", roots).Select(workload => Text(workload, "group", "name")?.Text).OfType<string>().ToHashSet();
        foreach (var alert in Items("alerts", roots))
        {
            Resolve(Text(alert, "hold", "workload"), "workload", workloads, problems);
            Resolve(Text(alert, "hold", "group"), "group", groups, problems);
        }
    }

    /// <summary>The mappings in a list of the root, over all files.</summary>
    public static IEnumerable<YamlMapping> Items(string list, IReadOnlyList<YamlMapping> roots) =>
        roots.Select(root => root.Find(list)?.Value).OfType<YamlSequence>().SelectMany(items => items.Items).OfType<YamlMapping>();

    private static void TellDoubles(string what, IEnumerable<YamlScalar> names, Problems problems)
    {
        var seen = new Dictionary<string, Place>();
        foreach (var name in names)
            if (!seen.TryAdd(name.Text, name.At))
                problems.Add(name.At, $"{what} called {Wording.Quote(name.Text)} stands already at {seen[name.Text]}; names are unique");
    }

    private static void Resolve(YamlScalar? name, string what, HashSet<string> known, Problems problems)
    {
        if (name is not null && !known.Contains(name.Text))
            problems.AddUnknown(name.At, $"no {what} is called", name.Text, known);
    }

    private static IEnumerable<YamlScalar> Names(string list, IReadOnlyList<YamlMapping> roots) =>
        Items(list, roots).Select(item => item.Find("name")?.Value).OfType<YamlScalar>().Where(name => !name.IsNothing);

    private static IEnumerable<YamlScalar> Windows(IReadOnlyList<YamlMapping> roots) =>
        roots.Select(root => root.Find("windows")?.Value).OfType<YamlMapping>().SelectMany(windows => windows.Entries).Select(entry => entry.Key);

    private static YamlScalar? Text(YamlMapping item, string key, string inner) =>
        item.Find(key)?.Value is YamlMapping mapping && mapping.Find(inner)?.Value is YamlScalar { IsNothing: false } text ? text : null;
}
