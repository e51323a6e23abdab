using System.Text.Json;
using Headroom.Model;
using Headroom.Run.Records;

namespace Headroom.Benchmarks.Budgets;

/// <summary>One plan of a calm tick, and of one under pressure. Beside it stands one pass over the same snapshot that does nothing but write it down as the JSON of its record.</summary>
internal static class PlanBudget
{
    private const int Ticks = 6000, JsonEach = 10;
    private const double BudgetMicroseconds = 200;

    public static BudgetPart Measure()
    {
        List<BudgetRow> rows = [.. new[] { false, true }.Select(Row)];
        return new BudgetPart("Planning", rows,
            "In this process, under the JIT: 8 GPUs with 8 workloads each, three of them with an SLO; under pressure one of these on each GPU is too slow, and its neighbours are held. The budget is judged by the median. "
            + "What the native agent tells of itself stands with the scrapes.");
    }

    private static BudgetRow Row(bool pressure)
    {
        var planning = new Planning { Breach = pressure };
        planning.Setup();
        Stopwatching.Warm(() => planning.TypicalTick());
        Stopwatching.Warm(() => Json(planning.NextSnapshot()), TimeSpan.FromSeconds(1));
        var (plans, jsons) = (new List<double>(Ticks), new List<double>());
        for (var i = 0; i < Ticks; i++)
        {
            var tick = planning.NextSnapshot();
            plans.Add(Stopwatching.Microseconds(() => planning.PlanOf(tick)));
            if (i % JsonEach == 0)
                jsons.Add(Stopwatching.Microseconds(() => Json(tick)));
        }
        var (plan, json) = (new Spread(plans), new Spread(jsons));
        var bytes = Stopwatching.BytesOf(() => planning.TypicalTick(), 1000);
        return new BudgetRow(
            $"one plan, 8 GPUs, 64 workloads, {(pressure ? "under pressure" : "calm")}", $"{plan}; {bytes / 1024:0} KiB allocated", $"the same snapshot written as JSON: {Spread.Words(json.Median)}",
            plan.Median / json.Median, "<= 200 us", plan.Median <= BudgetMicroseconds);
    }

    private static byte[] Json(NodeSnapshot tick) => JsonSerializer.SerializeToUtf8Bytes(new TickRecord(tick, [], "bench"), RecordJson.Default.TickRecord);
}
