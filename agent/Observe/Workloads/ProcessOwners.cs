using Headroom.Interop.Linux;
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
        if (ProcessFacts.StartTimeOf(pid, procPath) is not { } startTime)
            return null;
        if (!_known.TryGetValue(pid, out var entry) || entry.StartTime != startTime)
        {
            if (ProcessFacts.TextOf(pid, "cgroup", procPath) is not { } cgroup)
                return null;
            entry = (startTime, new ProcessOwner(ContainerIdParser.Parse(cgroup), ProcessFacts.TextOf(pid, "comm", procPath)?.Trim()));
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
}
