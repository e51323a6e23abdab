using Headroom.Model;

namespace Headroom.Run;

/// <summary>The sources of one node: real, or simulated.</summary>
internal sealed record NodeSources(IGpuSource Gpus, IWorkloadSource Workloads, ILatencySource Latency)
{
    /// <summary>Runs all until cancelled; ends when the last has ended.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Gpus.RunAsync(stop), Workloads.RunAsync(stop), Latency.RunAsync(stop));
}
