using System.Globalization;
using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary><c>tests/cpu-lab/run.sh</c>: measures the cells that are not in the file of results yet, one after the other.</summary>
internal static class CpuLabCommand
{
    private const string Usage = "usage: tests/cpu-lab/run.sh [--seconds N] [--repeats N] [--minutes N] [--only KEY=VALUE,...] [--results FILE] [--table]";
    /// <summary>Of each cell, beside its arrivals: containers, agent, traffic before, answers after. As seen; the estimate learns.</summary>
    private const double UsualOverhead = 10;

    public static int Run(string[] args)
    {
        double seconds = 12, minutes = 120;
        var (repeats, table, path) = (3, false, Path.Combine("artifacts", "cpu-lab", "results.jsonl"));
        List<(string, string)> only = [];
        try
        {
            for (var i = 0; i < args.Length; i++)
                switch (args[i])
                {
                    case "--seconds": seconds = double.Parse(args[++i], CultureInfo.InvariantCulture); break;
                    case "--repeats": repeats = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
                    case "--minutes": minutes = double.Parse(args[++i], CultureInfo.InvariantCulture); break;
                    case "--results": path = args[++i]; break;
                    case "--only": only.AddRange(args[++i].Split(',').Select(KeyAndValue)); break;
                    case "--table": table = true; break;
                    default: throw new FormatException($"no such option: {args[i]}");
                }
            var results = new ResultsFile(path);
            if (table)
                Console.Write(LabTable.Of(results.Read()));
            else
                return Measure([.. LabPlan.Cells(seconds, repeats).Where(c => LabPlan.Matches(c, only))], results, TimeSpan.FromMinutes(minutes));
            return 0;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or IndexOutOfRangeException)
        {
            Console.Error.WriteLine($"{(e is IndexOutOfRangeException ? "the last option wants a value" : e.Message)}\n{Usage}");
            return 2;
        }
    }

    private static (string, string) KeyAndValue(string text) => text.Split('=', 2) is [var key, var value] ? (key, value) : throw new FormatException($"--only wants KEY=VALUE, not {text}");

    private static int Measure(IReadOnlyList<Cell> wanted, ResultsFile file, TimeSpan atMost)
    {
        var done = file.Read().GroupBy(r => r.Cell).ToDictionary(g => g.Key, g => g.Last());
        Cell[] cells = [.. wanted.Where(c => !done.ContainsKey(c))];
        Console.WriteLine($"{wanted.Count} cells, {wanted.Count - cells.Length} of them measured before");
        if (cells.Length == 0)
            return 0;
        // Clients, the agent, dockerd and its shims inherit it; the containers have cpusets of their own.
        SharedCoreRig.KeepOffTheCore(Environment.ProcessId);
        var clock = TimeProvider.System;
        var (start, overhead, failed) = (clock.GetTimestamp(), UsualOverhead, 0);
        // Ctrl-C ends the cell, and what was started is stopped.
        using var stopped = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stopped.Cancel();
        };
        using var docker = new DockerDaemon();
        var run = new CellRun(docker);
        for (var i = 0; i < cells.Length && !stopped.IsCancellationRequested; i++)
        {
            var cell = cells[i];
            var left = TimeSpan.FromSeconds(cells.Skip(i).Sum(c => c.Seconds + overhead));
            Console.Write($"{i + 1} of {cells.Length}, {left.TotalMinutes:0} min left: {cell}: ");
            if (clock.GetElapsedTime(start) + TimeSpan.FromSeconds(cell.Seconds + overhead) > atMost)
            {
                Console.WriteLine($"not begun: {atMost.TotalMinutes:0} min are over; run it again to go on");
                return 1;
            }
            var began = clock.GetTimestamp();
            try
            {
                if (cell.Arm == Arm.LatencyGuard && done.GetValueOrDefault(cell.Alone())?.Sojourn is null)
                    throw new InvalidOperationException("its SLO is made of the isolated arm's p95, which was not measured: run arm=isolated first");
                var result = run.Measure(cell, done.GetValueOrDefault(cell.Alone())?.Sojourn?.P95 ?? 0);
                file.Add(done[cell] = result);
                Console.WriteLine(Words(result));
            }
            catch (Exception e) when (e is InvalidOperationException or TimeoutException or IOException or HttpRequestException)
            {
                failed++;
                Console.WriteLine($"failed: {e.Message}");
            }
            overhead += 0.1 * (clock.GetElapsedTime(began).TotalSeconds - cell.Seconds - overhead);
        }
        if (failed == 0 && !stopped.IsCancellationRequested)
            return 0;
        Console.WriteLine($"{failed} cells failed; run it again to measure what is missing");
        return 1;
    }

    private static string Words(CellResult r) => string.Create(CultureInfo.InvariantCulture,
        $"{r.Count} requests, p95 {r.Sojourn?.P95 * 1000:0} ms, service p95 {r.Service?.P95 * 1000:0} ms, server {r.ServerShare:0 %}, batch {r.BatchShare:0 %}, others {r.OtherShare:0 %}");
}
