using Headroom.Model;
using static Headroom.Export.Metrics.MetricTable;

namespace Headroom.Export.Metrics;

/// <summary>The plan -> series: what is asked of whom.</summary>
internal static class PlanMetrics
{
    public static void Write(MetricPage page, NodeView view, WorkloadLabel label)
    {
        if (view.Plan is not { } plan)
            return;
        page.Set(PlanSequence, plan.Seq);
        page.Set(PlanDuration, view.PlanTook.TotalSeconds);
        WriteShares(page, view.Snapshot, plan, label);
        foreach (var relation in plan.Yields.Where(y => label.Has(y.Batch.Name)))
            page.Set(WorkloadGate, 1, relation.Batch.Name, GpuMetrics.Text(relation.Gpu));
        foreach (var (workload, state) in plan.States.Where(s => label.Has(s.Key)))
            foreach (var each in Enum.GetValues<ThrottleState>())
                page.Set(WorkloadThrottle, each == state, workload, each.Word());
        foreach (var breach in plan.Blames.Where(b => label.Has(b.Protected)))
            foreach (var neighbour in breach.Neighbours.Where(n => label.Has(n.Workload)))
                page.Set(WorkloadBlame, neighbour.Score, neighbour.Workload, breach.Protected, neighbour.Guilty ? "true" : "false");
        foreach (var group in PlanChange.Of(plan, ActState.Nothing).GroupBy(c => (c.Lever, c.Mode)))
            page.Set(PlanWanted, group.Count(), group.Key.Lever.Word(), group.Key.Mode.Word());
        foreach (var group in plan.Decisions.Where(d => d.Verdict == Verdict.Refuse).GroupBy(d => (d.Rule, d.Reason.Code)))
            page.Set(PlanRefused, group.Count(), group.Key.Rule.Word(), group.Key.Code);
        foreach (var count in view.Decided)
            page.Set(Decisions, count.Count, count.Rule.Word(), count.Verdict.Word(), count.Lever?.Word() ?? "", count.Mode.Word());
    }

    private static void WriteShares(MetricPage page, NodeSnapshot snapshot, Plan plan, WorkloadLabel label)
    {
        var wanted = plan.Wanted.ToDictionary(w => w.Workload.Name);
        foreach (var workload in snapshot.Workloads.Where(w => w.Policy is { Managed: true, Exempt: false } && label.Has(w.Name)))
            page.Set(WorkloadShare, wanted.GetValueOrDefault(workload.Name)?.Run?.Limit.Share ?? 1, workload.Name);
        foreach (var one in plan.Wanted.Where(w => label.Has(w.Workload.Name)))
            foreach (var cap in one.Caps)
                page.Set(WorkloadWantedCap, cap.Bytes, one.Workload.Name, GpuMetrics.Text(cap.Gpu));
    }
}
