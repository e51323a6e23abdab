using Headroom.Model;
using Headroom.Policies.Yaml;

namespace Headroom.Policies;

/// <summary>What the members of a group say of it.</summary>
internal static class PolicyGroups
{
    /// <summary>The group as all its members have it: where they differ, the first entry counts. Null when no entry is in such a group.</summary>
    public static GroupUse? Group(this Policy policy, string name) => policy.Workloads.FirstOrDefault(entry => entry.Group?.Name == name)?.Group;

    /// <summary>Entries that give only the name of their group take the rest from the first that gives more.</summary>
    /// <param name="roots">Of which <paramref name="policy"/> was read without any problem: their workloads are its workloads, in order.</param>
    public static Policy Complete(Policy policy, IReadOnlyList<YamlMapping> roots)
    {
        bool[] told = [.. PolicyNames.Items("workloads", roots).Select(item => item.Find("group")?.Value is YamlMapping { Entries.Count: > 1 })];
        if (!told.Contains(true))
            return policy;
        var full = policy.Workloads.Where((_, i) => told[i]).Select(entry => entry.Group!).DistinctBy(group => group.Name).ToDictionary(group => group.Name);
        return policy with
        {
            Workloads = [.. policy.Workloads.Select((entry, i) => entry.Group is { } group && !told[i] ? entry with { Group = full.GetValueOrDefault(group.Name, group) } : entry)],
        };
    }
}
