using System.Globalization;

namespace Headroom.Act;

/// <summary>Where a container is in the cgroup trees, found by one of its processes: what the kernel says of it, not what a Docker version names it.</summary>
internal sealed class ContainerCgroup
{
    public const string Advice = "run the agent as root on the host; in a container give it pid: host, --cgroupns=host and /sys/fs/cgroup mounted read-write";

    private readonly string _id;
    private readonly string[] _cgroups, _mounts;

    private ContainerCgroup(string id, string[] cgroups, string[] mounts) => (_id, _cgroups, _mounts) = (id, cgroups, mounts);

    /// <summary>Null, and what is in the way and what to do.</summary>
    /// <param name="pid">On the host: of any process of the container.</param>
    public static ContainerCgroup? Read(string procPath, int pid, string containerId, out string? why)
    {
        why = null;
        try
        {
            return new ContainerCgroup(
                containerId,
                File.ReadAllLines(Path.Combine(procPath, pid.ToString(CultureInfo.InvariantCulture), "cgroup")),
                File.ReadAllLines(Path.Combine(procPath, "self", "mountinfo")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"pid {pid} of container {containerId[..12]} cannot be looked at: it has ended, or the agent does not see the host's processes: {Advice}";
            return null;
        }
    }

    /// <summary>Where that process is, in words.</summary>
    public string Told => string.Join(" and ", new[] { PathIn(v2: false), PathIn(v2: true) }.Where(p => p is not null).Distinct());

    /// <summary>The container's own folder in the tree of version 2, or in that of version 1's freezer; null where none names it.
    /// Up to the part that names the container: a service manager inside may have made cgroups below. "docker-&lt;id&gt;.scope" names it too.</summary>
    public string? FolderIn(bool v2)
    {
        if (PathIn(v2) is not { } path)
            return null;
        var at = path.IndexOf(_id, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var end = path.IndexOf('/', at);
        return end < 0 ? path : path[..end];
    }

    /// <summary>Where this folder is for us: once for each mount that shows it. It need not exist.</summary>
    public IEnumerable<string> Reach(string folder, bool v2) =>
        from line in _mounts
        let mount = Mount.Parse(line)
        where mount is not null && (v2 ? mount.Kind == "cgroup2" : mount.Kind == "cgroup" && mount.Options.Split(',').Contains("freezer"))
        let reached = mount.Reach(folder)
        where reached is not null
        select reached;

    // Lines of /proc/pid/cgroup: "0::/path" is version 2, "7:freezer:/path" the freezer of version 1.
    /// <summary>Where that process is in the tree of version 2, or of version 1's freezer; null: in none.</summary>
    public string? PathIn(bool v2)
    {
        foreach (var line in _cgroups)
            if (line.Split(':', 3) is [var hierarchy, var controllers, var path] && (v2 ? hierarchy == "0" : controllers.Split(',').Contains("freezer")))
                return path;
        return null;
    }

    /// <summary>A line of mountinfo; proc_pid_mountinfo(5) has its fields.</summary>
    /// <param name="Root">The folder of the file system that is mounted: more than "/" where a container sees only its part.</param>
    private sealed record Mount(string Root, string Point, string Kind, string Options)
    {
        public static Mount? Parse(string line)
        {
            var halves = line.Split(" - ", 2);
            return halves.Length == 2 && halves[0].Split(' ') is [_, _, _, var root, var point, ..] && halves[1].Split(' ', 3) is [var kind, _, var options]
                ? new Mount(Plain(root), Plain(point), kind, options) : null;
        }

        /// <summary>Where a folder of this file system is for us; null: outside of what is mounted.</summary>
        public string? Reach(string folder)
        {
            var below = Root == "/" ? folder : folder.StartsWith(Root + "/", StringComparison.Ordinal) ? folder[Root.Length..] : null;
            // A path that leaves our own cgroup namespace ("/../") says nothing about where it is.
            return below is null || below.Split('/').Contains("..") ? null : Point.TrimEnd('/') + below;
        }

        // Space, tab, newline and backslash are written in octal.
        private static string Plain(string field) => field
            .Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
            .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
    }
}
