using Headroom.Model;

namespace Headroom.Observe.Workloads;

/// <summary>What the name of a container is made from.</summary>
/// <param name="OneOff">Started by <c>docker compose run</c>: not a replica of its service.</param>
internal sealed record NameSource(
    string InstanceId, string ContainerName, string? Project, string? Service, int? Number, bool OneOff, bool Runs, DateTimeOffset StartedAt);

/// <summary>Names workloads: the compose service; <c>project/service</c> where two projects have a service of that name; <c>-N</c> from the second
/// replica on; else the container's name. No two containers get the same name.</summary>
internal static class WorkloadNames
{
    private const int MostChars = 128;

    /// <summary>Instance id to name, for all containers at once.</summary>
    public static IReadOnlyDictionary<string, string> Assign(IReadOnlyList<NameSource> containers)
    {
        var projectsOf = containers
            .Where(IsReplica)
            .GroupBy(c => c.Service!)
            .ToDictionary(g => g.Key, g => g.Select(c => c.Project).Distinct().Count());
        var names = new Dictionary<string, string>(containers.Count);
        var taken = new HashSet<string>();
        // The running and the newest first: while compose replaces a container, old and new claim one name, and the new one must get it.
        // Services go before plain containers, so that a container called like a service does not take the service's name.
        foreach (var c in containers.OrderByDescending(IsReplica).ThenByDescending(c => c.Runs).ThenByDescending(c => c.StartedAt)
                     .ThenBy(c => c.InstanceId, StringComparer.Ordinal))
        {
            var name = Cut(IsReplica(c) ? ReplicaName(c, projectsOf[c.Service!] > 1) : c.ContainerName);
            if (!taken.Add(name))
            {
                name = Cut(c.ContainerName);
                if (!taken.Add(name))
                    taken.Add(name = $"{Cut(c.ContainerName)}-{WorkloadId.Short(c.InstanceId)}");
            }
            names[c.InstanceId] = name;
        }
        return names;
    }

    // Compose labels are anyone's text, without a limit.
    private static string Cut(string name) => name.Length <= MostChars ? name : name[..MostChars];

    private static bool IsReplica(NameSource c) => c is { Service.Length: > 0, OneOff: false };

    private static string ReplicaName(NameSource c, bool collides)
    {
        var name = collides && c.Project is { Length: > 0 } ? $"{c.Project}/{c.Service}" : c.Service!;
        return c.Number > 1 ? $"{name}-{c.Number}" : name;
    }
}
