using System.Globalization;
using Headroom.Model;

namespace Headroom.Observe.Workloads;

/// <param name="ContainerId">Null for a process of the host.</param>
/// <param name="Command">From <c>/proc/pid/comm</c>.</param>
internal sealed record ProcessOwner(string? ContainerId, string? Command);

/// <summary>pid -> container, by the process's cgroup. Remembered by pid and start time, so that a reused pid is looked up anew.
/// Used by one thread.</summary>
/// <param name="procPath"><c>/proc</c>; a test's own tree otherwise. Must show the host's pids: NVML tells host pids.</param>
internal sealed class ProcessOwners(string procPath = "/proc")
{
    private Dictionary<int, (ulong StartTime, ProcessOwner Owner)> _known = [];
    private Dictionary<int, (ulong StartTime, ProcessOwner Owner)> _seen = [];

    /// <summary>Null when the process is gone or cannot be seen (the agent is not in the host's pid namespace).</summary>
    public ProcessOwner? Find(int pid)
    {
        var folder = Path.Combine(procPath, pid.ToString(CultureInfo.InvariantCulture));
        if (StartTime(folder) is not { } startTime)
            return null;
        if (!_known.TryGetValue(pid, out var entry) || entry.StartTime != startTime)
        {
            if (ReadText(Path.Combine(folder, "cgroup")) is not { } cgroup)
                return null;
            entry = (startTime, new ProcessOwner(ContainerIdParser.Parse(cgroup), ReadText(Path.Combine(folder, "comm"))?.Trim()));
        }
        _seen[pid] = entry;
        return entry.Owner;
    }

    /// <summary>The sample with each process's container and name, where they can be found.</summary>
    public GpuSample Resolve(GpuSample gpu) => gpu with { Processes = gpu.Processes is { } list ? [.. list.Select(Resolve)] : null };

    /// <summary>Ends a sweep: forgets every pid that was not asked for in it.</summary>
    public void EndSweep()
    {
        (_known, _seen) = (_seen, _known);
        _seen.Clear();
        // Processes on GPUs that were not swept this time are looked up anew next time: correct, only a little slower.
    }

    private GpuProcess Resolve(GpuProcess process) =>
        Find(process.Pid) is { } owner ? process with { ContainerId = owner.ContainerId, Command = owner.Command } : process;

    // Field 22 of /proc/pid/stat; the second field, the name in brackets, may hold anything, brackets and spaces too.
    private static ulong? StartTime(string folder)
    {
        if (ReadText(Path.Combine(folder, "stat")) is not { } stat)
            return null;
        var rest = stat.AsSpan(stat.LastIndexOf(')') + 1);
        var field = 2; // the fields after the name begin with the third
        foreach (var range in rest.Trim().Split(' '))
        {
            field++;
            if (field == 22)
                return ulong.TryParse(rest.Trim()[range], CultureInfo.InvariantCulture, out var value) ? value : null;
        }
        return null;
    }

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // the process ended between two looks
        }
    }
}
