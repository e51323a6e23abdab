namespace Headroom.Policies.Yaml;

/// <summary>Whose YAML it is.</summary>
/// <param name="Name">For messages, e.g. <c>a policy</c>.</param>
/// <param name="AllYaml">Anchors, aliases, merge keys, tags and any character are taken as they are: the file's format is not ours to narrow.</param>
internal sealed record YamlKind(string Name, bool AllYaml)
{
    public static YamlKind Policy { get; } = new("a policy", false);
    public static YamlKind Compose { get; } = new("a compose file", true);
}
