using Headroom.Model;
using Headroom.Tests.Act;

namespace Headroom.Benchmarks.Budgets;

/// <summary>What the tick spends on handing the plan on to the hands: calm, and with a share in force on each neighbour of a slow workload.
/// Docker and the freezer are stand-ins that only keep books.</summary>
internal static class ReconcileBudget
{
    private const int Ticks = 3000, SettleTicks = 300;

    public static async Task<BudgetPart> MeasureAsync() => new("Reconciling", [await RowAsync(pressure: false), await RowAsync(pressure: true)],
        "In this process, under the JIT; ticks follow each other without a second between them. The whole tick of the native agent, with real containers, stands with the scrapes.");

    private static async Task<BudgetRow> RowAsync(bool pressure)
    {
        await using var acting = new ActingStandIn();
        var planning = new Planning { Breach = pressure, Started = ActingStandIn.Started, SuspendAfter = TimeSpan.FromDays(1), TellsUse = false };
        planning.Setup();
        foreach (var workload in planning.NextSnapshot().Workloads)
            acting.Labels[workload.Container.Id.InstanceId] = new Dictionary<string, string> { ["headroom.enable"] = "true" };
        var (applied, planned) = (new List<double>(Ticks), new List<double>(Ticks));
        double bytes = 0;
        for (var i = 0; i < SettleTicks + Ticks; i++)
        {
            var tick = planning.NextSnapshot();
            tick = tick with { Act = acting.Reconciler.State, Health = [new SourceHealth("containers", true, tick.Mono, tick.Mono, 1, 0, TimeSpan.Zero, null)] };
            var began = System.Diagnostics.Stopwatch.GetTimestamp();
            var plan = planning.PlanOf(tick);
            var took = System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalMicroseconds;
            var before = GC.GetAllocatedBytesForCurrentThread();
            var apply = Stopwatching.Microseconds(() =>
            {
                acting.Reconciler.Apply(plan, tick, planning.Policy);
                _ = acting.Reconciler.TakeOutcomes();
            });
            if (i < SettleTicks)
            {
                // Lets the hands come to rest, which they do on other threads.
                await Task.Delay(5);
                continue;
            }
            bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            applied.Add(apply);
            planned.Add(took);
            if (i % 100 == 0)
                await Task.Delay(1);
        }
        var holds = acting.Reconciler.State.Holds;
        var (seen, plans) = (new Spread(applied), new Spread(planned));
        return new BudgetRow(
            $"reconciling one plan, 64 workloads, {holds.Count} holds in force ({(pressure ? "under pressure" : "calm")})", $"{seen}; {bytes / Ticks / 1024:0.0} KiB allocated", $"its plan: {Spread.Words(plans.Median)}",
            seen.Median / plans.Median);
    }
}
