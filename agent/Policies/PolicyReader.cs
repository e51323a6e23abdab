using System.Security.Cryptography;
using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Tables;
using Headroom.Policies.Yaml;

namespace Headroom.Policies;

/// <summary>Files -> one policy, whole or not at all. Pure.</summary>
internal static class PolicyReader
{
    /// <param name="builtIn">The presets to begin with; those of the policy replace them by name.</param>
    public static PolicyResult Read(IReadOnlyList<PolicyFile> files, IReadOnlyList<Preset> builtIn)
    {
        var problems = new Problems();
        var roots = new List<YamlMapping>();
        foreach (var file in files)
            switch (YamlReader.Read(file, problems))
            {
                case YamlMapping root:
                    roots.Add(root);
                    break;
                case { } other:
                    problems.Add(other.At, $"a policy is a mapping that begins with apiVersion: headroom/v1; found {other.Kind}");
                    break;
            }

        var policy = new Policy { Hash = Hash(files), Files = [.. files.Select(file => file.Path)], Presets = builtIn };
        var once = new Dictionary<string, Place>();
        foreach (var root in roots)
        {
            TellWhatStandsTwice(root, once, problems);
            policy = PolicyTable.Root.Apply(policy, root, problems);
        }
        // What a file that cannot be read names is unknown: no complaints about names then.
        if (roots.Count == files.Count)
            PolicyNames.Check(roots, builtIn, problems);
        return problems.Count == 0
            ? new(PolicyGroups.Complete(policy, roots), []) { Sources = PolicySources.Of(roots) }
            : new(null, problems.ToList());
    }

    /// <summary>As <c>cat FILES | sha256sum</c> says, its first 12 digits.</summary>
    private static string Hash(IReadOnlyList<PolicyFile> files)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
            sha.AppendData(file.Content.Span);
        return Convert.ToHexStringLower(sha.GetHashAndReset())[..12];
    }

    private static void TellWhatStandsTwice(YamlMapping root, Dictionary<string, Place> once, Problems problems)
    {
        foreach (var entry in root.Entries)
        {
            var name = entry.Key.Text;
            if (name == PolicyTable.ApiVersion || PolicyTable.Root.Find(name) is not { Shape: not (IListShape or INamedShape) })
                continue;
            if (!once.TryAdd(name, entry.Key.At))
                problems.Add(entry.Key.At, $"{name} stands already at {once[name]}; a policy has it once");
        }
    }
}
