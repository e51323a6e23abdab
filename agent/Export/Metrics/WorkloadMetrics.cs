using Headroom.Model;
using static Headroom.Export.Metrics.MetricTable;

namespace Headroom.Export.Metrics;

/// <summary>Workloads of a snapshot -> series.</summary>
internal static class WorkloadMetrics
{
    private static readonly (double Rank, string Word)[] Ranks = [(0.5, "p50"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99")];

    public static void Write(MetricPage page, NodeSnapshot snapshot, WorkloadLabel label)
    {
        foreach (var attribution in snapshot.Attribution)
            WriteShares(page, attribution, label);
        foreach (var workload in snapshot.Workloads.Where(w => label.Has(w.Name)))
            WriteWorkload(page, workload);
    }

    // Several workloads may share one label value (`_other`): summed, so that the parts still make up the card.
    private static void WriteShares(MetricPage page, GpuAttribution attribution, WorkloadLabel label)
    {
        var gpu = GpuMetrics.Text(attribution.Gpu);
        foreach (var group in attribution.Shares.GroupBy(s => label.Of(s.Workload)))
        {
            page.Set(WorkloadMemory, group.Sum(s => s.UsedBytes), group.Key, gpu);
            page.Set(WorkloadProcesses, group.Sum(s => s.Processes), group.Key, gpu);
            page.Set(WorkloadHidden, group.Sum(s => s.HiddenProcesses), group.Key, gpu);
            if (group.All(s => s.SmUse.Known() is not null))
                page.Set(WorkloadSm, group.Sum(s => s.SmUse.Known()!.Value), group.Key, gpu);
        }
    }

    private static void WriteWorkload(MetricPage page, WorkloadSnapshot workload)
    {
        var (name, container, policy) = (workload.Name, workload.Container, workload.Policy);
        page.Set(
            WorkloadInfo, 1, name, container.ContainerName, WorkloadId.Short(container.Id.InstanceId), container.Image, container.ComposeProject ?? "",
            container.ComposeService ?? "", policy.Priority.Word(), policy.Managed ? "true" : "false", workload.LatencySource ?? "");
        foreach (var state in Enum.GetValues<ContainerState>())
            page.Set(WorkloadContainerState, container.State == state, name, state.Word());
        if (container.Runs)
            page.Set(WorkloadStart, GpuMetrics.Seconds(container.Id.StartedAt), name);
        page.Set(WorkloadGuarantee, policy.GuaranteeBytes, name);
        page.Set(WorkloadCap, policy.CapBytes, name);
        page.Set(WorkloadLabelMistakes, policy.LabelMistakes.Count, name);
        foreach (var slo in workload.Slos)
        {
            page.Set(WorkloadSlo, slo.Slo.Target.TotalSeconds, name, slo.Slo.Name);
            page.Set(WorkloadSloPressure, slo.Pressure.Known(), name, slo.Slo.Name);
        }
        page.Set(WorkloadPressure, workload.Pressure.Known(), name);
        if (workload.LatencySource is not null)
            page.Set(WorkloadLatencyUp, workload.Latency is not null, name);
        if (workload.Latency is { } latency)
            WriteLatency(page, latency, name);
    }

    private static void WriteLatency(MetricPage page, LatencySample latency, string name)
    {
        page.Set(WorkloadIdle, latency.IsIdle, name);
        page.Set(WorkloadStalled, latency.Stalled.TotalSeconds, name);
        page.Set(WorkloadRunning, latency.Running, name);
        page.Set(WorkloadWaiting, latency.Waiting, name);
        page.Set(WorkloadRequests, latency.Requests, name);
        page.Set(WorkloadFailed, latency.FailedRequests, name);
        page.Set(WorkloadPromptTokens, latency.PromptTokens, name);
        page.Set(WorkloadGeneratedTokens, latency.GeneratedTokens, name);
        page.Set(WorkloadKvCache, latency.KvCacheRatio, name);
        page.Set(WorkloadReserved, latency.ReservedBytes, name);
        page.Set(WorkloadAllocated, latency.AllocatedBytes, name);
        foreach (var signal in latency.Signals)
        {
            var word = PresetFields.Word(signal.Signal);
            page.Set(WorkloadLatencyMean, signal.MeanSeconds, name, word);
            foreach (var (rank, rankWord) in Ranks)
                page.Set(WorkloadLatencyQuantile, Quantile(signal, rank), name, word, rankWord);
        }
    }

    private static double? Quantile(SignalSample signal, double rank) =>
        signal.Window is { } window ? LatencyQuantile.Of(window, rank)?.Seconds
        : signal.SourceQuantiles is { } quantiles && quantiles.TryGetValue(rank, out var seconds) ? seconds
        : null;
}
