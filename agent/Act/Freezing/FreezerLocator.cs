using System.Globalization;
using Headroom.Interop.Linux;

namespace Headroom.Act.Freezing;

/// <summary>One of both.</summary>
/// <param name="Error">What is in the way, and what to do.</param>
internal readonly record struct FreezerPlace(FreezeTarget? Target, string? Error);

/// <summary>Finds the freezer of a container by one of its processes: what the kernel says of it, not what a Docker version names it.</summary>
/// <param name="procPath"><c>/proc</c>; a test's own tree otherwise.</param>
internal sealed class FreezerLocator(string procPath = "/proc")
{
    private const string Advice = "run the agent as root on the host; in a container give it pid: host, --cgroupns=host and /sys/fs/cgroup mounted read-write";

    /// <param name="pid">On the host: of any process of the container.</param>
    public FreezerPlace Find(int pid, string containerId, string? group = null)
    {
        if (!FreezerFile.IsFullId(containerId))
            return new FreezerPlace(null, $"'{containerId}' is not a container's full id");
        string[] cgroups, mounts;
        try
        {
            cgroups = File.ReadAllLines(Path.Combine(procPath, pid.ToString(CultureInfo.InvariantCulture), "cgroup"));
            mounts = File.ReadAllLines(Path.Combine(procPath, "self", "mountinfo"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FreezerPlace(null, $"pid {pid} of container {containerId[..12]} cannot be looked at: it has ended, or the agent does not see the host's processes: {Advice}");
        }
        // On a machine with both, the freezer of version 1 has the containers if any has: then version 2 has no freezer for them, or an unused one.
        var first = FolderOf(PathOf(cgroups, v2: false), containerId);
        var isV2 = first is null;
        if ((first ?? FolderOf(PathOf(cgroups, v2: true), containerId)) is not { } folder)
            return new FreezerPlace(null, $"no freezer of container {containerId[..12]}: pid {pid} is in {Told(cgroups)}, which does not name it: {Advice}");
        return Reach(folder, isV2, containerId, group, mounts);
    }

    private static FreezerPlace Reach(string folder, bool isV2, string containerId, string? group, string[] mounts)
    {
        FreezeTarget? unwritable = null, absent = null;
        foreach (var line in mounts)
        {
            if (Mount.Parse(line) is not { } mount || !(isV2 ? mount.Kind == "cgroup2" : mount.Kind == "cgroup" && mount.Options.Split(',').Contains("freezer")))
                continue;
            if (mount.Reach(folder) is not { } reached)
                continue;
            var target = new FreezeTarget(containerId, reached, isV2, group);
            if (FreezerFile.WhyNot(target) is not null)
                continue;
            if (!File.Exists(target.File))
                absent ??= target;
            else if (FileRights.CanWrite(target.File))
                return new FreezerPlace(target, null);
            else
                unwritable ??= target;
        }
        var words = unwritable is not null ? $"{unwritable.File} cannot be written"
            : absent is not null ? $"{absent.File} does not exist: the container has ended, or the kernel has no freezer (before 5.2) there"
            : $"the {(isV2 ? "cgroup2" : "freezer")} file system is not mounted where the agent could reach {folder}";
        return new FreezerPlace(null, $"{words}: {Advice}");
    }

    // Lines of /proc/pid/cgroup: "0::/path" is version 2, "7:freezer:/path" the freezer of version 1.
    private static string? PathOf(string[] lines, bool v2)
    {
        foreach (var line in lines)
            if (line.Split(':', 3) is [var hierarchy, var controllers, var path] && (v2 ? hierarchy == "0" : controllers.Split(',').Contains("freezer")))
                return path;
        return null;
    }

    // Up to the part that names the container: a service manager inside may have made cgroups below. "docker-<id>.scope" names it too.
    private static string? FolderOf(string? path, string containerId)
    {
        if (path is null)
            return null;
        var at = path.IndexOf(containerId, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var end = path.IndexOf('/', at);
        return end < 0 ? path : path[..end];
    }

    private static string Told(string[] cgroups) =>
        string.Join(" and ", new[] { PathOf(cgroups, v2: false), PathOf(cgroups, v2: true) }.Where(p => p is not null).Distinct());

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
