using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Headroom.IntegrationTests.Support;

namespace Headroom.Benchmarks.Budgets;

/// <summary>The whole native agent at ticks of a second for some minutes: what it costs, and whether anything grows.</summary>
/// <param name="compress">So many times as often it ticks, is scraped, and containers come and go: a soak of an hour in less. What goes by the clock itself (files begun each hour, readings of the servers, budgets) is not hurried.</param>
internal sealed class WholeAgentBudget(BigServer server, TimeSpan length, bool churn, double compress, Action<string> say)
{
    private const double MostCpu = 0.02, MostMib = 80;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(20), Look = TimeSpan.FromSeconds(5), Scrape = TimeSpan.FromSeconds(15), ChurnEvery = TimeSpan.FromSeconds(4);
    /// <summary>There the NVML double waits for events by polling each millisecond, which a driver does not.</summary>
    private const string EventThread = "nvml-events";

    private readonly Growth _resident = new("resident", " MiB"), _anonymous = new("of it not mapped from files", " MiB"), _heap = new("managed heap", " MiB"), _handles = new("open files"), _threads = new("threads"),
        _series = new("series"), _page = new("page", " KiB"), _journal = new("journal", " KiB"), _decisions = new("decision log", " KiB"), _ticks = new("recorded ticks", " KiB"), _log = new("log on stderr", " KiB");

    public async Task<BudgetPart> MeasureAsync()
    {
        using var agent = new RunningAgent([.. server.AgentOptions, "--tick", $"{1000 / compress:0}ms"]);
        var guard = agent.StartGuard(server.Socket);
        try
        {
            return await MeasureAsync(agent);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new IOException($"{e.Message}; {LastWords("agent", agent.Program)}; {LastWords("guard", guard)}", e);
        }
    }

    private static string LastWords(string name, RunningProgram program)
    {
        var lines = program.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var grave = lines.Where(line => !line.Contains(" info: ", StringComparison.Ordinal)).TakeLast(20);
        return $"the {name} {(program.HasExited ? $"ended with {program.ExitCode}" : "still runs")}, its last words: {string.Join(" / ", grave.Union(lines.TakeLast(5)))}";
    }

    private async Task<BudgetPart> MeasureAsync(RunningAgent agent)
    {
        agent.ScrapeUntil(p => p.Family("headroom_workload_info").Count() == BigServer.Workloads, "all workloads on the page", TimeSpan.FromSeconds(60));
        await Task.Delay(Settle);
        var (meter, docker) = (new ProcessMeter(agent.Program.Pid), new ProcessMeter(server.DockerPid));
        using var page = new PageClient(agent.Port);
        page.Get();
        var before = Figures.Of(page);
        var threads = meter.ByThread();
        var (cpu, dockerCpu, clock) = (meter.CpuSeconds, docker.CpuSeconds, Stopwatch.StartNew());
        using var stop = new CancellationTokenSource();
        var churning = churn ? ChurnAsync(stop.Token) : Task.FromResult(0);
        for (var next = TimeSpan.Zero; clock.Elapsed < length; next += Look)
        {
            if (next.Ticks % Scrape.Ticks == 0 || compress > 1)
                LookAtPage(page, agent, clock.Elapsed);
            _resident.Add(clock.Elapsed, meter.ResidentMib);
            _anonymous.Add(clock.Elapsed, meter.AnonymousMib);
            _handles.Add(clock.Elapsed, meter.Handles);
            _threads.Add(clock.Elapsed, meter.Threads);
            if (next.Ticks % TimeSpan.FromMinutes(5).Ticks == 0)
                say($"  {clock.Elapsed.TotalMinutes:0} min: {meter.ResidentMib:0.0} MiB");
            await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (next + Look - clock.Elapsed).Ticks)));
        }
        var took = clock.Elapsed.TotalSeconds;
        var (used, dockerUsed) = ((meter.CpuSeconds - cpu) / took, (docker.CpuSeconds - dockerCpu) / took);
        var byThread = meter.ByThread().Where(t => threads.ContainsKey(t.Key)).GroupBy(t => t.Key.Name, t => (t.Value - threads[t.Key]) / took).ToDictionary(g => g.Key, g => (Count: g.Count(), Cpu: g.Sum()));
        LookAtPage(page, agent, clock.Elapsed);
        var figures = Figures.Of(page).Since(before);
        await stop.CancelAsync();
        var changed = await churning;

        var polling = byThread.GetValueOrDefault(EventThread).Cpu;
        var cost = used - polling;
        return new BudgetPart($"The whole agent, {took / 60:0.#} minutes{(compress > 1 ? string.Create(CultureInfo.InvariantCulture, $" with everything {compress:0.#} times as often") : "")}{(churn ? $", {changed} containers gone and {changed} come" : "")}",
        [
            new($"whole native agent at {(compress > 1 ? $"{1000 / compress:0} ms" : "1 s")} ticks, 8 GPUs, 64 containers{(churn ? ", these coming and going" : "")}: CPU", $"{Percent(cost)} of a core", $"dockerd of the same containers: {Percent(dockerUsed)}", cost / dockerUsed, "<= 2 % of a core", churn || compress > 1 ? null : cost <= MostCpu),
            new("the same: resident, at most", $"{_resident.Most:0.0} MiB", $"dockerd: {docker.ResidentMib:0.0} MiB", _resident.Most / docker.ResidentMib, "<= 80 MiB", _resident.Most <= MostMib),
        ], string.Create(CultureInfo.InvariantCulture, $"""
            The process used {Percent(used)} of a core, of these {Percent(polling)} in the wait for events of the NVML double, which polls each millisecond where a driver sleeps: left out of the budget's line. Scraped each {(compress > 1 ? Look : Scrape).TotalSeconds:0} s; 24 model
            servers are read each second, and asked once a second each. A guard runs beside it.

            {Report.Table(Growth.Head, new[] { _resident, _anonymous, _heap, _handles, _threads, _series, _page, _journal, _decisions, _ticks, _log }.Select(g => g.ToString()))}
            Slopes by least squares, ± twice the standard error; of a short run they say little.

            {Report.Table("| a tick | |",
            [
                $"| ticks | {figures.Ticks:0} in {took:0} s |",
                $"| collections | {string.Join(", ", figures.Collections.Select((count, generation) => $"generation {generation}: {count / figures.Ticks:0.###}"))} |",
                $"| allocated | {(figures.Allocated is { } bytes ? $"{bytes / figures.Ticks / 1024:0} KiB, sources included" : "the agent does not tell (no headroom_agent_allocated_bytes_total)")} |",
            ])}

            {Report.Table("| threads that lived all the time | number | CPU |", byThread.OrderByDescending(t => t.Value.Cpu).Where(t => t.Value.Cpu >= 0.0002).Select(t => $"| {t.Key} | {t.Value.Count} | {Percent(t.Value.Cpu)} |"))}
            """));
    }

    private void LookAtPage(PageClient page, RunningAgent agent, TimeSpan at)
    {
        page.Get();
        _series.Add(at, page.Count());
        _page.Add(at, page.Body.Length / 1024.0);
        _heap.Add(at, (page.Value("headroom_agent_heap_bytes") ?? double.NaN) / (1 << 20));
        _journal.Add(at, KibOf(agent, "journal"));
        _decisions.Add(at, KibOf(agent, "decisions"));
        _ticks.Add(at, KibOf(agent, "ticks"));
        _log.Add(at, agent.Program.Output.Length / 1024.0);
    }

    private static double KibOf(RunningAgent agent, string folder)
    {
        var directory = new DirectoryInfo(Path.Combine(agent.StateFolder, folder));
        return directory.Exists ? directory.EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length) / 1024.0 : 0;
    }

    /// <returns>How many have come and gone.</returns>
    private async Task<int> ChurnAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(ChurnEvery / compress);
        var number = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                server.ReplaceJob(number++);
        }
        catch (OperationCanceledException)
        {
            // measured
        }
        return number;
    }

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0.00} %");

    /// <summary>Counters of the agent's own page.</summary>
    private sealed record Figures(double Ticks, double[] Collections, double? Allocated)
    {
        public static Figures Of(PageClient page) => new(
            page.Value("headroom_agent_ticks_total") ?? 0,
            [.. Enumerable.Range(0, 3).Select(g => page.Value($"headroom_agent_gc_collections_total{{generation=\"{g}\"}}") ?? double.NaN)],
            page.Value("headroom_agent_allocated_bytes_total"));

        public Figures Since(Figures before) => new(Ticks - before.Ticks, [.. Collections.Zip(before.Collections, (a, b) => a - b)], Allocated - before.Allocated);
    }
}
