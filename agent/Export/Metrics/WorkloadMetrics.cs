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
        var names = snapshot.Workloads.ToDictionary(w => w.Container.Id.InstanceId, w => w.Name);
        foreach (var book in snapshot.Books)
            if (names.TryGetValue(book.InstanceId, out var name) && label.Has(name))
                WriteBook(page, book, name, GpuMetrics.Text(book.Gpu));
    }

    private static void WriteBook(MetricPage page, MemoryBook book, string name, string gpu)
    {
        var kinds = book.Kinds;
        foreach (var (kind, bytes) in new[]
        {
            ("plain", kinds.Plain), ("pitch", kinds.Pitch), ("managed", kinds.Managed), ("pool", kinds.Pool), ("virtual", kinds.Virtual), ("array", kinds.Array), ("graph", kinds.Graph),
        })
            page.Set(WorkloadBooked, bytes, name, gpu, kind);
        page.Set(WorkloadUnbooked, book.OverheadBytes, name, gpu);
        page.Set(WorkloadSegments, book.Segments, name, gpu);
        page.Set(WorkloadHighWater, book.HighWaterBytes, name, gpu);
        page.Set(WorkloadRefused, book.Refused, name, gpu, "cap");
        page.Set(WorkloadRefused, book.RefusedByDriver, name, gpu, "driver");
        page.Set(WorkloadRefused, book.RefusedWhileFree, name, gpu, "driver_while_free");
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

    private static void WriteActivity(MetricPage page, string name, WorkloadActivity seen)
    {
        page.Set(ActivityInfo, 1, name, seen.Confidence.Word());
        page.Set(WorkloadSeenRequests, seen.Requests, name);
        page.Set(WorkloadConnections, seen.Connections - seen.Unreadable, name, "true");
        page.Set(WorkloadConnections, seen.Unreadable, name, "false");
        page.Set(ActivityMissed, seen.Missed, name);
        page.Set(ActivityDisagreements, seen.Disagreements, name);
        if (seen is not { Confidence: ActivityConfidence.High, InFlight: { } inFlight })
            return;
        page.Set(WorkloadInFlight, inFlight, name);
        page.Set(WorkloadInFlightRatio, seen.BusyRatio, name);
    }

    private static void WriteWorkload(MetricPage page, WorkloadSnapshot workload)
    {
        if (workload.Activity is { } activity)
            WriteActivity(page, workload.Name, activity);
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
        if (workload.Framework is { } framework)
        {
            page.Set(WorkloadReserved, framework.ReservedBytes, name);
            page.Set(WorkloadAllocated, framework.AllocatedBytes, name);
            page.Set(WorkloadInactiveSplit, framework.InactiveSplitBytes, name);
            page.Set(WorkloadRetries, framework.Retries, name);
            page.Set(WorkloadOoms, framework.Ooms, name);
        }
        if (workload.Latency is { } latency)
            WriteLatency(page, latency, workload.Framework, name);
    }

    private static void WriteLatency(MetricPage page, LatencySample latency, FrameworkMemory? framework, string name)
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
        // Its own word in the page is the newer one.
        if (framework is null)
        {
            page.Set(WorkloadReserved, latency.ReservedBytes, name);
            page.Set(WorkloadAllocated, latency.AllocatedBytes, name);
        }
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
