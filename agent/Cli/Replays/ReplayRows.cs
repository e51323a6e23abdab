using System.Globalization;
using Headroom.Cli.Status;
using Headroom.Run.Trials;
using Headroom.Run.Trials.Replay;

namespace Headroom.Cli.Replays;

/// <summary>What is worth a line of one workload under two policies. Markup.</summary>
internal static class ReplayRows
{
    /// <param name="before">Null: not there under the base.</param>
    /// <param name="after">Null: not there under the new policy.</param>
    /// <param name="closed">Of a simulated server.</param>
    public static IReadOnlyList<(string What, string Base, string New)> Of(ReplayedWorkload? before, ReplayedWorkload? after, bool closed)
    {
        var rows = new List<(string, string, string)>();
        foreach (var slo in Slos(before).Concat(Slos(after)).Select(s => s.Slo).Distinct())
        {
            var name = $"{slo.Name} {Figures.Latency(slo.Target.TotalSeconds)}";
            rows.Add(($"{name}: above for", Slo(before, Above), Slo(after, Above)));
            rows.Add(($"{name}: 5 min windows {(closed ? "kept" : "never above")}", Slo(before, s => Windows(s.Windows)), Slo(after, s => Windows(s.Windows))));

            string Slo(ReplayedWorkload? workload, Func<ReplayedSlo, string> words) =>
                Slos(workload).FirstOrDefault(s => s.Slo == slo) is { } found ? words(found) : Cells.Unknown;
        }
        Simulated("p95 of all requests", w => w.P95Seconds, Figures.Latency);
        // A quantile of what was answered says nothing of what was not.
        Simulated("requests answered", w => w.Answered, count => ReplayPage.Count((long)count));
        Simulated("requests lost, or waiting at the end", w => w.Lost + w.Unfinished, count => ReplayPage.Count((long)count));
        Simulated("GPU work done", w => w.WorkSeconds, ReplayPage.Span);
        Time("slowed or stopped", w => w.HeldSeconds);
        Time("of it stopped", w => w.StillSeconds);
        Time("behind a gate", w => w.GatedSeconds);
        Time("under a VRAM cap", w => w.CappedSeconds);
        if (rows.Count == 0)
            rows.Add(("never touched", "", ""));
        return rows;

        void Simulated(string what, Func<SimulatedWork, double?> of, Func<double, string> words)
        {
            var (one, other) = (Value(before), Value(after));
            if (one is not null || other is not null)
                rows.Add((what, one is { } b ? words(b) : Cells.Unknown, other is { } n ? words(n) : Cells.Unknown));

            double? Value(ReplayedWorkload? workload) => workload?.Simulated is { } known ? of(known) : null;
        }

        void Time(string what, Func<ReplayedWorkload, double> of)
        {
            if (before is not null && of(before) > 0 || after is not null && of(after) > 0)
                rows.Add((what, Part(before, of), Part(after, of)));
        }
    }

    private static IReadOnlyList<ReplayedSlo> Slos(ReplayedWorkload? workload) => workload?.Slos ?? [];

    private static string Above(ReplayedSlo slo) => slo.KnownSeconds > 0 ? ReplayPage.Span(slo.AboveSeconds) : "unknown";

    private static string Windows(SloWindows windows) => windows.Counted == 0 ? Cells.Unknown
        : string.Create(CultureInfo.InvariantCulture, $"{windows.Kept} of {windows.Counted}");

    private static string Part(ReplayedWorkload? workload, Func<ReplayedWorkload, double> of) =>
        workload is { SeenSeconds: > 0 } ? Figures.Percent(of(workload) / workload.SeenSeconds) : Cells.Unknown;
}
