using Headroom.Policies;
using Headroom.Policies.Yaml;

namespace Headroom.Cli.Inject.Compose;

/// <summary>A compose file -> what <c>inject</c> needs of it. All else in it may be as it likes: compose itself will judge it.</summary>
internal static class ComposeReader
{
    private const int MostExtends = 16;

    /// <summary>Null after telling what is wrong.</summary>
    public static ComposeFile? Read(string path, out IReadOnlyList<PolicyProblem> problems)
    {
        var (file, unreadable) = PolicyLoader.ReadFile(path);
        if (file is not null)
            return Read(file, out problems);
        problems = [unreadable!];
        return null;
    }

    internal static ComposeFile? Read(PolicyFile file, out IReadOnlyList<PolicyProblem> problems)
    {
        var found = new Problems();
        var root = YamlReader.Read(file, YamlKind.Compose, found);
        if (root is not null and not YamlMapping)
            found.Add(root.At, $"a compose file is a mapping with services; found {root.Kind}");
        var compose = root is YamlMapping mapping && found.Count == 0 ? Of(file.Path, mapping, found) : null;
        problems = found.ToList();
        return problems.Count == 0 ? compose : null;
    }

    private static ComposeFile Of(string path, YamlMapping root, Problems problems)
    {
        var services = root.Find("services")?.Value;
        if (services is not (null or YamlMapping or YamlScalar { IsNothing: true }))
            problems.Add(services.At, $"services is a mapping of names; found {services.Kind}");
        var all = services as YamlMapping;
        return new ComposeFile(
            path, Text(root.Find("name")?.Value),
            [.. (all?.Entries ?? []).Select(entry => Service(entry.Key.Text, entry.Value, all!, MostExtends))],
            root.Has("include"));
    }

    private static ComposeService Service(string name, YamlNode node, YamlMapping all, int depth)
    {
        var map = node as YamlMapping;
        var (preload, ofShell) = Preload(map?.Find("environment")?.Value);
        var (baseService, baseFile) = Extends(map?.Find("extends")?.Value);
        var own = new ComposeService(
            name, Text(map?.Find("image")?.Value), preload, ofShell, [.. EnvFiles(map?.Find("env_file")?.Value)], map is not null && WantsGpu(map), baseFile);
        return baseFile is null && baseService is not null && depth > 0 && all.Find(baseService) is { } found
            ? Service(baseService, found.Value, all, depth - 1).Under(own)
            : own;
    }

    // environment: { LD_PRELOAD: x }, or a list of LD_PRELOAD=x; without a value it is the shell's.
    private static (string? Value, bool OfShell) Preload(YamlNode? environment) => environment switch
    {
        YamlMapping map when map.Find("LD_PRELOAD") is { } entry => Text(entry.Value) is { } value ? (value, false) : (null, true),
        YamlSequence list when list.Items.OfType<YamlScalar>().LastOrDefault(item => item.Text.Split('=')[0] == "LD_PRELOAD") is { } item =>
            item.Text.IndexOf('=') is >= 0 and var at ? (item.Text[(at + 1)..], false) : (null, true),
        _ => (null, false),
    };

    private static (string? Service, string? File) Extends(YamlNode? node) => node switch
    {
        YamlScalar scalar => (Text(scalar), null),
        YamlMapping map => (Text(map.Find("service")?.Value), Text(map.Find("file")?.Value)),
        _ => (null, null),
    };

    private static IEnumerable<string> EnvFiles(YamlNode? node) => node switch
    {
        YamlScalar { IsNothing: false } scalar => [scalar.Text],
        YamlSequence list => list.Items.Select(item => Text(item is YamlMapping map ? map.Find("path")?.Value : item)).OfType<string>(),
        _ => [],
    };

    private static bool WantsGpu(YamlMapping service) =>
        Asks(service.Find("gpus")?.Value)
        || Text(service.Find("runtime")?.Value) == "nvidia"
        || Items(Deep(service, "deploy", "resources", "reservations", "devices")).Any(IsGpu)
        || Items(service.Find("devices")?.Value).Any(device => (Text(device) ?? Text((device as YamlMapping)?.Find("source")?.Value)) is { } path
            && (path.StartsWith("/dev/nvidia", StringComparison.Ordinal) || path.StartsWith("nvidia.com/gpu", StringComparison.Ordinal)));

    // gpus: all, or a list of requests.
    private static bool Asks(YamlNode? gpus) => gpus is YamlSequence { Items.Count: > 0 } || Text(gpus) is { Length: > 0 } and not "0";

    // A request for other devices (a TPU) names its own driver or capability.
    private static bool IsGpu(YamlNode device) => device is YamlMapping map
        && (Text(map.Find("driver")?.Value) is "nvidia"
            || Items(map.Find("capabilities")?.Value).Any(c => Text(c) is "gpu" or "nvidia" or "compute")
            || Items(map.Find("device_ids")?.Value).Any(id => Text(id)?.StartsWith("nvidia.com/gpu", StringComparison.Ordinal) == true));

    private static YamlNode? Deep(YamlMapping map, params ReadOnlySpan<string> keys)
    {
        YamlNode? at = map;
        foreach (var key in keys)
            at = (at as YamlMapping)?.Find(key)?.Value;
        return at;
    }

    private static IReadOnlyList<YamlNode> Items(YamlNode? node) => (node as YamlSequence)?.Items ?? [];

    private static string? Text(YamlNode? node) => node is YamlScalar { IsNothing: false } scalar && scalar is not { Text: "null" or "~", Quoted: false } ? scalar.Text : null;
}
