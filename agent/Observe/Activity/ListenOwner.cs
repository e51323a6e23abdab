using System.Globalization;
using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Observe.Workloads;

namespace Headroom.Observe.Activity;

/// <summary>Whose a listening socket is: on the host's network, or where containers share one, a port may be another's.</summary>
internal static class ListenOwner
{
    /// <summary>Null: the container's own. Otherwise who has it, in words.</summary>
    /// <param name="pid">The container's first process.</param>
    /// <param name="hostNetwork">Then only its own processes will do. In a namespace of its own only another container's are strangers.</param>
    public static string? Stranger(string containerId, int pid, bool hostNetwork, uint inode, string procPath = "/proc")
    {
        var link = string.Create(CultureInfo.InvariantCulture, $"socket:[{inode}]");
        if (Holds(pid, link, procPath))
            return null;
        var others = new List<(int Pid, string? Container)>();
        foreach (var process in ProcessFacts.All(procPath))
        {
            if (ProcessFacts.TextOf(process, "cgroup", procPath) is not { } cgroup)
                continue;
            if (!cgroup.Contains(containerId, StringComparison.Ordinal))
                others.Add((process, ContainerIdParser.Parse(cgroup)));
            else if (Holds(process, link, procPath))
                return null;
        }
        foreach (var (process, container) in others)
            if ((hostNetwork || container is not null) && Holds(process, link, procPath))
                return $"{ProcessFacts.TextOf(process, "comm", procPath)?.Trim()} (pid {process}) of {(container is null ? "the host" : $"container {WorkloadId.Short(container)}")}";
        return hostNetwork ? "a process that cannot be seen" : null;
    }

    /// <summary>A process that has this socket, the one with the lowest pid; null when none may be looked at.</summary>
    public static int? Holder(uint inode, string procPath = "/proc")
    {
        var link = string.Create(CultureInfo.InvariantCulture, $"socket:[{inode}]");
        foreach (var process in ProcessFacts.All(procPath).Order())
            if (Holds(process, link, procPath))
                return process;
        return null;
    }

    private static bool Holds(int pid, string link, string procPath)
    {
        try
        {
            foreach (var file in new DirectoryInfo(string.Create(CultureInfo.InvariantCulture, $"{procPath}/{pid}/fd")).EnumerateFileSystemInfos())
                if (file.LinkTarget == link)
                    return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or may not be looked at.
        }
        return false;
    }
}
