using System.Globalization;
using Headroom.Policies.Yaml;

namespace Headroom.Policies;

/// <summary>Which value of a policy stands where, for <c>check --print</c>.</summary>
internal sealed class PolicySources
{
    public static readonly PolicySources None = new([]);

    private readonly Dictionary<string, string> _places;

    private PolicySources(Dictionary<string, string> places) => _places = places;

    /// <param name="path">Keys from the root. Items of lists are counted from 0, over all files; presets go by their names.</param>
    /// <returns>As <c>policy.yaml:12</c>; null when no file says it.</returns>
    public string? Find(params ReadOnlySpan<string?> path) => _places.GetValueOrDefault("/" + string.Join('/', path));

    public static PolicySources Of(IReadOnlyList<YamlMapping> roots)
    {
        var places = new Dictionary<string, string>();
        var counts = new Dictionary<string, int>();
        foreach (var root in roots)
            Walk(root, "", places, counts);
        return new(places);
    }

    private static void Walk(YamlNode node, string path, Dictionary<string, string> places, Dictionary<string, int> counts)
    {
        if (node is YamlMapping mapping)
            foreach (var entry in mapping.Entries)
                Found(entry.Value, $"{path}/{entry.Key.Text}", entry.Key.At, places, counts);
        else if (node is YamlSequence list)
            foreach (var item in list.Items)
            {
                var number = counts[path] = counts.GetValueOrDefault(path, -1) + 1;
                var name = path == "/presets" && item is YamlMapping preset && preset.Find("name")?.Value is YamlScalar text ? text.Text : number.ToString(CultureInfo.InvariantCulture);
                Found(item, $"{path}/{name}", item.At, places, counts);
            }
    }

    private static void Found(YamlNode node, string path, Place at, Dictionary<string, string> places, Dictionary<string, int> counts)
    {
        // A key such as workloads stands in several files: the first is kept, nobody asks for it.
        places.TryAdd(path, string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(at.File)}:{at.Line}"));
        Walk(node, path, places, counts);
    }
}
