using Headroom.Model;
using static Headroom.Export.Metrics.MetricTable;

namespace Headroom.Export.Metrics;

/// <summary>What is held and what was done -> series.</summary>
internal static class ActMetrics
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static void Write(MetricPage page, NodeView view, WorkloadLabel label)
    {
        var act = view.Snapshot.Act;
        page.Set(BreakerOpen, act.Breaker is not null);
        page.Set(ActLimited, act.Limited is not null);
        foreach (var hold in act.Holds.Where(h => label.Has(h.Workload.Name)))
        {
            string[] labels = [hold.Workload.Name, hold.Lever.Word()];
            page.Set(HoldActive, 1, [.. labels, hold.Rule.Word()]);
            page.Set(HoldSince, hold.Since.ToUnixTimeMilliseconds() / 1000.0, labels);
            page.Set(HoldStuck, hold.Stuck is not null, labels);
            if (hold.Expires is { } expires)
                page.Set(HoldExpires, expires.ToUnixTimeMilliseconds() / 1000.0, labels);
            if (hold is { Lever: Lever.Cap, Gpu: { } gpu, CapBytes: { } cap })
                page.Set(CapInForce, cap, hold.Workload.Name, GpuMetrics.Text(gpu));
            if (hold.ShareObtained is { } obtained)
                page.Set(WorkloadShareObtained, obtained, hold.Workload.Name);
        }
        foreach (var gate in act.Gates.Where(g => label.Has(g.Workload.Name)))
            WriteGate(page, gate);
        foreach (var useless in act.Ineffective.Where(i => label.Has(i.Workload)))
            page.Set(LeverIneffective, 1, useless.Workload, useless.Lever.Word());
        foreach (var left in act.LeftToPeople.Where(label.Has))
            page.Set(WorkloadLeftToPeople, 1, left);
        foreach (var reach in act.Caps.Where(r => label.Has(r.Workload.Name)))
            page.Set(CapBackendInfo, 1, reach.Workload.Name, GpuMetrics.Text(reach.Gpu), reach.Backend.Word(), reach.Why);
        var since = view.Snapshot.WallAt - Day;
        foreach (var restarts in act.Impulses.Where(i => i.Kind == ImpulseKind.Restart && i.At > since && label.Has(i.Workload)).GroupBy(i => i.Workload))
            page.Set(WorkloadRestarts, restarts.Count(), restarts.Key);
        foreach (var step in view.Done.GroupBy(c => (c.Step, c.Lever, c.Rule, c.Mode)))
        {
            string[] labels = [step.Key.Step.Word(), step.Key.Lever.Word(), step.Key.Rule.Word(), step.Key.Mode.Word()];
            page.Set(ActionAttempts, step.Sum(c => c.Count), labels);
            foreach (var count in step.Where(c => c.Result is not (OutcomeResult.Done or OutcomeResult.DryRun)))
                page.Set(ActionFailures, count.Count, [.. labels, count.Result.Word()]);
        }
        foreach (var last in view.RecentOutcomes.Where(o => o.Result == OutcomeResult.Done).GroupBy(o => (o.Step, o.Lever)).Select(g => g.Last()))
        {
            page.Set(ActionDuration, last.Took.TotalSeconds, last.Step.Word(), last.Lever.Word());
            if (last.Step == StepKind.Take)
                page.Set(ActionWait, last.Waited.TotalSeconds, last.Lever.Word());
        }
    }

    private static void WriteGate(MetricPage page, GateState gate)
    {
        var name = gate.Workload.Name;
        if (gate.FreezerDrain is { } freezer)
            page.Set(GateDrain, freezer.TotalSeconds, name, GateVia.Freezer.Word());
        if (gate.LaunchDrain is { } launch)
            page.Set(GateDrain, launch.TotalSeconds, name, GateVia.Launch.Word());
        if (gate.Via is not { } via)
            return;
        page.Set(GateClosed, gate.Closed, name, via.Word());
        page.Set(GateClosures, gate.Closures, name, via.Word());
        page.Set(GateClosedSeconds, gate.ClosedFor.TotalSeconds, name, via.Word());
        page.Set(GateOpenSeconds, gate.OpenFor.TotalSeconds, name, via.Word());
        page.Set(GateStarved, gate.Starved, name, via.Word());
        if (gate.InFlightCap is { } cap)
            page.Set(GateInFlightCap, cap, name);
    }
}
