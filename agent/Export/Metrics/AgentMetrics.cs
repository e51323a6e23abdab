using System.Diagnostics;
using Headroom.Model;
using static Headroom.Export.Metrics.MetricTable;

namespace Headroom.Export.Metrics;

/// <summary>The agent itself: what it costs, how fresh it is, which policy it follows.</summary>
internal static class AgentMetrics
{
    public static void Write(MetricPage page, NodeView view)
    {
        var (snapshot, policy, self) = (view.Snapshot, view.Policy, view.Self);
        page.Set(AgentInfo, 1, self.Version, self.Commit, self.Mode.Word(), self.Simulated ? "true" : "false");
        page.Set(AgentStart, GpuMetrics.Seconds(self.StartedAt));
        page.Set(SnapshotSequence, snapshot.Seq);
        page.Set(SnapshotTime, GpuMetrics.Seconds(snapshot.WallAt));
        page.Set(AgentTicks, snapshot.Seq);
        page.Set(AgentTickFailures, self.FailedTicks);
        page.Set(AgentTickDuration, self.LastTick.TotalSeconds);
        page.Set(PolicyInfo, 1, policy.Hash, policy.Mode.Word());
        page.Set(PolicyLoaded, GpuMetrics.Seconds(policy.LoadedAt));
        page.Set(PolicyReloadSuccessful, policy.Problems.Count == 0);
        page.Set(PolicyReloads, policy.Reloads);
        page.Set(PolicyReloadFailures, policy.ReloadFailures);
        foreach (var source in snapshot.Health)
            WriteSource(page, source, snapshot);
        WriteCost(page);
    }

    private static void WriteSource(MetricPage page, SourceHealth source, NodeSnapshot snapshot)
    {
        page.Set(SourceUp, source.Up, source.Source);
        page.Set(SourceAttempts, source.Attempts, source.Source);
        page.Set(SourceFailures, source.Failures, source.Source);
        page.Set(SourceDuration, source.Took.TotalSeconds, source.Source);
        // The steady clock dates the reading; the wall clock of this tick turns it into a date.
        if (source.Succeeded is { } at)
            page.Set(SourceSuccess, GpuMetrics.Seconds(snapshot.WallAt - (snapshot.Mono - at)), source.Source);
    }

    private static void WriteCost(MetricPage page)
    {
        using var process = Process.GetCurrentProcess();
        page.Set(AgentCpu, process.TotalProcessorTime.TotalSeconds);
        page.Set(AgentResident, process.WorkingSet64);
        page.Set(AgentThreads, process.Threads.Count);
        page.Set(AgentHandles, OpenFiles());
        page.Set(AgentHeap, GC.GetGCMemoryInfo().HeapSizeBytes);
        page.Set(AgentAllocated, GC.GetTotalAllocatedBytes());
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            page.Set(AgentCollections, GC.CollectionCount(generation), GpuMetrics.Text(generation));
    }

    private static double? OpenFiles()
    {
        try
        {
            return Directory.GetFiles("/proc/self/fd").Length;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
