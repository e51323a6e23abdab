using Headroom.Interop.Linux;

namespace Headroom.Act.Freezing;

/// <summary>One of both.</summary>
/// <param name="Error">What is in the way, and what to do.</param>
internal readonly record struct FreezerPlace(FreezeTarget? Target, string? Error);

/// <summary>Finds the freezer of a container by one of its processes.</summary>
/// <param name="procPath"><c>/proc</c>; a test's own tree otherwise.</param>
internal sealed class FreezerLocator(string procPath = "/proc")
{
    /// <param name="pid">On the host: of any process of the container.</param>
    public FreezerPlace Find(int pid, string containerId, string? group = null)
    {
        if (!FreezerFile.IsFullId(containerId))
            return new FreezerPlace(null, $"'{containerId}' is not a container's full id");
        if (ContainerCgroup.Read(procPath, pid, containerId, out var why) is not { } cgroup)
            return new FreezerPlace(null, why);
        // On a machine with both, the freezer of version 1 has the containers if any has: then version 2 has no freezer for them, or an unused one.
        var first = cgroup.FolderIn(v2: false);
        return (first ?? cgroup.FolderIn(v2: true)) is { } folder
            ? Reach(cgroup, folder, isV2: first is null, containerId, group)
            : new FreezerPlace(null, $"no freezer of container {containerId[..12]}: pid {pid} is in {cgroup.Told}, which does not name it: {ContainerCgroup.Advice}");
    }

    private static FreezerPlace Reach(ContainerCgroup cgroup, string folder, bool isV2, string containerId, string? group)
    {
        FreezeTarget? unwritable = null, absent = null;
        foreach (var reached in cgroup.Reach(folder, isV2))
        {
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
        return new FreezerPlace(null, $"{words}: {ContainerCgroup.Advice}");
    }
}
