using System.Globalization;
using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Run;

namespace Headroom.Cli.Doctor.Facts;

/// <param name="IsRoot">The effective user.</param>
/// <param name="Capabilities">Effective ones, bits of capability.h; null when unknown.</param>
/// <param name="InHostPids">Whether this process sees the host's pids; null when unknown.</param>
/// <param name="Pids">Processes that the driver names, and how many of them <c>/proc</c> does not know.</param>
/// <param name="ClockSynchronised">By the kernel; null when it does not tell.</param>
/// <param name="Directories">What the agent writes to.</param>
internal sealed record HostFacts(
    bool IsRoot, ulong? Capabilities, bool? InHostPids, (int Named, int Unseen) Pids, bool? ClockSynchronised,
    IReadOnlyList<DirectoryFacts> Directories, CgroupFacts Cgroup)
{
    // The first pid namespace always has this inode (PROC_PID_INIT_INO, include/linux/proc_ns.h).
    private const string FirstPidNamespace = "pid:[4026531836]";

    /// <param name="procPath"><c>/proc</c>; a test's own tree otherwise.</param>
    public static HostFacts Read(AgentDirectories directories, GpuSweep? gpus, CgroupFacts cgroup, string procPath = "/proc")
    {
        var status = StatusLines(Path.Combine(procPath, "self/status"));
        int[] named = [.. (gpus?.Gpus ?? []).SelectMany(g => g.Processes ?? []).Select(p => p.Pid).Distinct()];
        var unseen = named.Count(pid => !Directory.Exists(Path.Combine(procPath, pid.ToString(CultureInfo.InvariantCulture))));
        return new HostFacts(
            Environment.IsPrivilegedProcess,
            ulong.TryParse(status.GetValueOrDefault("CapEff"), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var bits) ? bits : null,
            InHostsPids(procPath, status), (named.Length, unseen), KernelClock.IsSynchronised(),
            [DirectoryFacts.Of("runtime", directories.Runtime), DirectoryFacts.Of("state", directories.State)], cgroup);
    }

    // In a container NSpid lists the pid in each namespace below that of the mounted /proc.
    private static bool? InHostsPids(string procPath, Dictionary<string, string> status)
    {
        if (status.GetValueOrDefault("NSpid") is { } pids && pids.Split('\t', ' ').Length > 1)
            return false;
        try
        {
            return new FileInfo(Path.Combine(procPath, "self/ns/pid")).LinkTarget is { } link ? link == FirstPidNamespace : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> StatusLines(string path)
    {
        var lines = new Dictionary<string, string>();
        try
        {
            foreach (var line in File.ReadLines(path))
                if (line.Split(':', 2, StringSplitOptions.TrimEntries) is [var name, var value])
                    lines[name] = value;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // no /proc: unknown
        }
        return lines;
    }
}

/// <param name="What">What the agent keeps there.</param>
/// <param name="Writable">Itself, or where it is missing the folder in which it would be made.</param>
internal sealed record DirectoryFacts(string What, string Path, bool Exists, bool Writable)
{
    public static DirectoryFacts Of(string what, string path)
    {
        var existing = path;
        while (!Directory.Exists(existing) && System.IO.Path.GetDirectoryName(existing) is { } parent)
            existing = parent;
        return new DirectoryFacts(what, path, existing == path, FileRights.CanWrite(existing));
    }
}
