using System.Globalization;
using System.Text.Json.Serialization;
using Headroom.Interop.Linux;

namespace Headroom.Containers;

/// <summary>A plain process and all that it starts, in a cgroup of its own: what <c>headroom exec</c> made, as it wrote it down. To the rest of the agent it is a container without Docker.</summary>
/// <param name="Id">64 hex digits, new each time. The cgroup's name ends with it, so that whoever looks for a container's id in a cgroup path finds a group by the same look.</param>
/// <param name="Name">As the user named it.</param>
/// <param name="Labels">As on a container, e.g. <c>headroom.priority</c>.</param>
/// <param name="Cgroup">Its folder as a path of the host.</param>
internal sealed record ProcessGroup(string Id, string Name, DateTimeOffset StartedAt, IReadOnlyDictionary<string, string> Labels, string Cgroup)
{
    /// <summary>The name of its cgroup.</summary>
    public static string CgroupName(string id) => $"headroom-{id}";

    /// <summary>Its processes, the one that began first at the front; none: it has ended.</summary>
    public IReadOnlyList<int> Processes()
    {
        var found = new List<int>();
        Gather(Cgroup, found);
        return [.. found.OrderBy(pid => ProcessFacts.StartTimeOf(pid) ?? ulong.MaxValue).ThenBy(pid => pid)];
    }

    // Those below too: our own cell, and what the program made for itself.
    private static void Gather(string folder, List<int> found)
    {
        try
        {
            foreach (var line in File.ReadLines(Path.Combine(folder, "cgroup.procs")))
                if (int.TryParse(line, CultureInfo.InvariantCulture, out var pid) && pid > 0)
                    found.Add(pid);
            foreach (var below in Directory.EnumerateDirectories(folder))
                Gather(below, found);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProcessGroup))]
internal sealed partial class ProcessGroupJson : JsonSerializerContext;
