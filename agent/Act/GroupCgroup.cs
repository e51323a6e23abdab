using System.Globalization;
using Headroom.Containers;

namespace Headroom.Act;

/// <summary>The cgroup of a process group: below the one in which the process is already, so that systemd, or whoever started it, still has it.</summary>
internal static class GroupCgroup
{
    private const string Root = "run it as root";

    /// <summary>Makes it, in the tree whose freezer is used here; nobody is in it yet.</summary>
    /// <returns>Its folder, or null and what is in the way.</returns>
    public static string? Make(int pid, string id, out string? why, string procPath = "/proc")
    {
        if (ContainerCgroup.Read(procPath, pid, id, out why) is not { } own)
            return null;
        // Where both are mounted, version 1 has the freezer of this machine's containers, too.
        foreach (var v2 in new[] { false, true })
            foreach (var reached in own.PathIn(v2) is { } path ? own.Reach(path, v2) : [])
                try
                {
                    if (!Directory.Exists(reached) || v2 && !HasFreezer(reached))
                        continue;
                    var folder = Path.Combine(reached, ProcessGroup.CgroupName(id));
                    Directory.CreateDirectory(folder);
                    return folder;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    why = $"{reached}: {e.Message}: {Root}";
                    return null;
                }
        why = "no cgroup tree with a freezer is mounted where this process is: Linux 5.2 or newer with /sys/fs/cgroup mounted has one";
        return null;
    }

    /// <summary>Moves a process there; what it starts from then on is there too.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static void Move(int pid, string folder)
    {
        using var file = new FileStream(Path.Combine(folder, "cgroup.procs"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(pid.ToString(CultureInfo.InvariantCulture)));
    }

    // The root has none, and what is below it has.
    private static bool HasFreezer(string folder) => File.Exists(Path.Combine(folder, "cgroup.freeze")) || !File.Exists(Path.Combine(folder, "cgroup.type"));
}
