using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Presets by content: a policy that is loaded again brings equal ones, which must not make every reading begin anew.</summary>
internal sealed class PresetComparer : IEqualityComparer<Preset>
{
    public static readonly PresetComparer Instance = new();

    public bool Equals(Preset? x, Preset? y) => ReferenceEquals(x, y)
        || (x is not null && y is not null && x.Name == y.Name && x.Format == y.Format
            && x.Ports.SequenceEqual(y.Ports) && x.Paths.SequenceEqual(y.Paths) && Equals(x.Detect, y.Detect)
            && x.Fields.Count == y.Fields.Count
            && x.Fields.All(field => y.Fields.TryGetValue(field.Key, out var other) && field.Value.Count == other.Count && field.Value.Zip(other).All(pair => Equals(pair.First, pair.Second))));

    public int GetHashCode(Preset preset) => preset.Name.GetHashCode(StringComparison.Ordinal);

    private static bool Equals(PresetDetection x, PresetDetection y) =>
        x.Images.SequenceEqual(y.Images) && x.Argv.SequenceEqual(y.Argv) && x.Env.SequenceEqual(y.Env)
        && x.Prefixes.SequenceEqual(y.Prefixes) && x.PortFlags.SequenceEqual(y.PortFlags);

    private static bool Equals(PresetField x, PresetField y) =>
        x with { Where = null } == y with { Where = null } && Labels(x).SequenceEqual(Labels(y));

    private static IEnumerable<KeyValuePair<string, string>> Labels(PresetField field) =>
        (field.Where ?? new Dictionary<string, string>()).OrderBy(label => label.Key, StringComparer.Ordinal);
}
