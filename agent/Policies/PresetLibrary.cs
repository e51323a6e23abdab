using System.Reflection;
using Headroom.Model;
using Headroom.Policies.Tables;
using Headroom.Policies.Yaml;

namespace Headroom.Policies;

/// <summary>The presets that come with Headroom.</summary>
internal static class PresetLibrary
{
    private const string Folder = "presets/";

    /// <summary>All, by name. Throws when one of them is wrong: a bug of this build, which a test finds.</summary>
    public static IReadOnlyList<Preset> BuiltIn()
    {
        var assembly = typeof(PresetLibrary).Assembly;
        var names = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        return [.. names.Select(name => ReadOwn(name, Bytes(assembly, name)))];
    }

    /// <summary>One preset from its own file, or null after telling why not.</summary>
    public static Preset? Read(PolicyFile file, Problems problems) =>
        YamlReader.Read(file, problems) is { } node && PresetTable.Preset.TryBind(node, "the file", problems, out var preset) ? preset : null;

    /// <summary>The presets with the user's put in: a user's takes the place of the one with its name, others come last.</summary>
    public static IReadOnlyList<Preset> With(this IReadOnlyList<Preset> presets, IReadOnlyList<Preset> users)
    {
        var merged = presets.ToList();
        var places = merged.Index().ToDictionary(preset => preset.Item.Name, preset => preset.Index);
        foreach (var user in users)
        {
            if (places.TryAdd(user.Name, merged.Count))
                merged.Add(user);
            else
                merged[places[user.Name]] = user;
        }
        return merged;
    }

    private static Preset ReadOwn(string name, byte[] bytes)
    {
        var problems = new Problems();
        return Read(new(name, bytes), problems)
            ?? throw new InvalidOperationException("A built-in preset is wrong:\n" + string.Join('\n', problems.ToList()));
    }

    private static byte[] Bytes(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
