using System.Globalization;
using Headroom.IntegrationTests.Support;

namespace Headroom.Benchmarks.Budgets;

/// <summary>Scrapes of the native agent with ticks of 100 ms, so that each finds a new page to be drawn; then the same page once more, and the same bytes from a server that
/// does nothing else. The pages also tell how long the native agent's own planner, tick and sweep took.</summary>
internal static class ScrapeBudget
{
    private const int Scrapes = 400;
    private const double BudgetMicroseconds = 5000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Sources = ["gpus", "containers"];

    public static async Task<BudgetPart> MeasureAsync(BigServer server)
    {
        using var agent = new RunningAgent([.. server.AgentOptions, "--tick", "100ms"]);
        agent.StartGuard(server.Socket);
        agent.ScrapeUntil(p => p.Family("headroom_workload_info").Count() == BigServer.Workloads && p.Family("headroom_workload_latency_quantile_seconds").Any(),
            "all workloads on the page", TimeSpan.FromSeconds(60));
        using var scraper = new PageClient(agent.Port);
        Settle(scraper);
        using var page = new StaticPage(scraper.Body.ToArray());
        using var peer = new PageClient(page.Port);
        Stopwatching.Warm(() => peer.Get());

        var (fresh, again, still) = (new List<double>(), new List<double>(), new List<double>());
        var own = new Dictionary<string, List<double>> { ["plan"] = [], ["tick"] = [], ["gpus"] = [], ["containers"] = [] };
        double? before = null;
        using var pace = new PeriodicTimer(Tick * 1.3);
        while (fresh.Count < Scrapes && await pace.WaitForNextTickAsync())
        {
            var took = Stopwatching.Microseconds(() => scraper.Get());
            var sequence = scraper.Value("headroom_agent_snapshot_sequence");
            if (sequence == before)
                continue;
            before = sequence;
            fresh.Add(took);
            own["plan"].Add(Own(scraper, "headroom_plan_duration_seconds"));
            own["tick"].Add(Own(scraper, "headroom_agent_last_tick_duration_seconds"));
            foreach (var source in Sources)
                own[source].Add(Own(scraper, $"headroom_source_last_duration_seconds{{source=\"{source}\"}}"));
            again.Add(Stopwatching.Microseconds(() => scraper.Get()));
            still.Add(Stopwatching.Microseconds(() => peer.Get()));
        }
        var (drawn, kept, bytes) = (new Spread(fresh), new Spread(again), new Spread(still));
        var (plan, tick, sweep, list) = (new Spread(own["plan"]), new Spread(own["tick"]), new Spread(own["gpus"]), new Spread(own["containers"]));
        var (size, series) = (scraper.Body.Length / 1024.0, scraper.Count());
        return new BudgetPart("Scrapes, and what the native agent tells of itself",
        [
            new("scrape of the native agent, 8 GPUs, 64 workloads, a page that must be drawn", drawn.ToString(), $"the same bytes, fixed, from another Kestrel (JIT): {bytes}", drawn.P99 / bytes.P99, "p99 <= 5 ms", drawn.P99 <= BudgetMicroseconds),
            new("the same page once more", kept.ToString(), $"the same: {bytes}", kept.P99 / bytes.P99),
            new("plan, native, as it tells", plan.ToString(), "", null, "<= 200 us", plan.Median <= 200),
            new("reconcile tick, native, as it tells: assembling, planning, handing on", tick.ToString()),
        ], string.Create(CultureInfo.InvariantCulture, $"""
            {drawn.Count} scrapes {Tick.TotalMilliseconds * 1.3:0} ms apart of an agent with ticks of {Tick.TotalMilliseconds:0} ms, over one kept connection; {size:0} KiB, {series} series. Of the agent's own page:

            {Report.Table("| | p50 | p90 | p99 | most |", [Line("plan", plan), Line("tick", tick), Line("sweep of 8 GPUs, with whose each process is", sweep), Line("list of containers", list)])}
            """));
    }

    private static string Line(string what, Spread spread) => $"| {what} | {Spread.Words(spread.Median)} | {Spread.Words(spread.At(0.9))} | {Spread.Words(spread.P99)} | {Spread.Words(spread.Worst)} |";

    private static double Own(PageClient page, string series) => page.Value(series) * 1e6 ?? double.NaN;

    private static void Settle(PageClient scraper)
    {
        for (var i = 0; i < 50; i++)
            scraper.Get();
    }
}
