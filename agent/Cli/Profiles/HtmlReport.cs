using System.Globalization;
using System.Net;
using System.Text;
using Headroom.Model;
using Headroom.Profiling;
using static System.FormattableString;

namespace Headroom.Cli.Profiles;

/// <summary>A profile as one HTML page for people: no script, nothing from elsewhere.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light dark; --line: #8884; --soft: #8882; }
        body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        .figures { display: flex; flex-wrap: wrap; gap: .8rem; } .figures div { background: var(--soft); border-radius: .5rem; padding: .6rem 1rem; min-width: 9rem; }
        .figures b { display: block; font-size: 1.35rem; } .figures small { opacity: .75; }
        .plots { margin-top: 1.5rem; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 29rem), 1fr)); gap: 1rem; } .plots figure { margin: 0; }
        .plots figcaption { font-weight: 600; } .plots svg { background: #fff; border-radius: .4rem; width: 100%; height: auto; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; } tr.over { opacity: .6; }
        pre { background: var(--soft); padding: 1rem; border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; } .warning { border-left: .3rem solid #d55e00; padding-left: .8rem; }
        @media print { body { margin: 0; max-width: none; } .plots figure, table, pre { break-inside: avoid; } }
        """;

    public static string Write(ProfileReport report, Language language)
    {
        var words = ReportWords.Of(language);
        var page = new StringBuilder();
        page.Append(Invariant($"<!doctype html>\n<html lang=\"{words.Language}\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"));
        page.Append(Invariant($"<title>{Safe($"{words.Profile} {report.Target.Name}")}</title>\n<style>\n{Style}\n</style>\n<h1>{Safe($"{words.Profile} {report.Target.Name}")}</h1>\n"));
        var arrivals = report.Arrivals.Cv <= 1 ? "Poisson" : Invariant($"CV {report.Arrivals.Cv:0.#}");
        page.Append(Invariant($"<p>{Safe(string.Format(CultureInfo.InvariantCulture, words.Measured, report.StartedAt.UtcDateTime, report.Seconds, report.Headroom, report.Request.Method, report.Request.Path, arrivals))}"));
        page.Append(Invariant($" <small>{Safe(report.Target.Image ?? report.Target.Url)}</small></p>\n"));
        if (report.EndedEarly is { } why)
            page.Append(Invariant($"<p class=\"warning\"><b>{words.EndedEarly}</b>: {Safe(why)}</p>\n"));
        Figures(page, report, words);
        PlotSection(page, report, words);
        page.Append(Invariant($"<p><small>{words.How}</small></p>\n"));
        Warnings(page, report, words);
        Steps(page, report, words);
        Beside(page, report, words);
        page.Append(Invariant($"<h2>{words.Proposal}</h2>\n<pre>{Safe(EntryYaml.Write(report.Proposal))}</pre>\n"));
        return page.ToString();
    }

    private static void Figures(StringBuilder page, ProfileReport report, ReportWords words)
    {
        void Figure(string value, string what) => page.Append(Invariant($"<div><b>{Safe(value)}</b><small>{Safe(what)}</small></div>\n"));
        page.Append("<div class=\"figures\">\n");
        Figure(report.Unloaded is { } unloaded ? Cli.Figures.Latency(unloaded.P50) : words.Unknown, words.Unloaded);
        Figure(report.Knee is not { } knee ? words.Unknown : knee.Reached ? Invariant($"{knee.RequestsPerSecond:0.#}/s") : words.NotReached,
            report.Knee is { } limit ? $"{words.Knee}: p95 ≤ {Cli.Figures.Latency(limit.P95Seconds)}" : words.Knee);
        if (report.Knee?.CapacityPerSecond is { } most)
            Figure(Invariant($"{most:0.#}/s"), words.Capacity);
        foreach (var vram in report.Vram)
            Figure($"{Cli.Figures.Bytes(vram.IdleBytes)} / {Cli.Figures.Bytes(vram.PeakBytes)} / {Cli.Figures.Bytes(vram.AfterBytes)}", $"GPU {vram.Gpu} ({vram.Name}): {words.IdlePeakAfter}");
        if (report.Vram.Count == 0)
            Figure(words.Unknown, words.Memory);
        page.Append("</div>\n");
    }

    private static void PlotSection(StringBuilder page, ProfileReport report, ReportWords words)
    {
        if (report.Steps.Count == 0)
            return;
        void Plot(string title, string svg) => page.Append(Invariant($"<figure><figcaption>{Safe(title)}</figcaption>\n{svg}\n</figure>\n"));
        page.Append("<div class=\"plots\">\n");
        if (report.Steps.Any(s => s.Latency is not null))
            Plot(words.Latency, Plots.Latency(report, words));
        Plot(words.Answered, Plots.Throughput(report, words));
        if (report.Steps.Any(s => s.Ttft is not null))
            Plot(words.Streamed, Plots.Streams(report, words));
        if (report.Steps.Any(s => s.VramPeakBytes is not null))
            Plot(words.Memory, Plots.Memory(report, words));
        page.Append("</div>\n");
    }

    private static void Warnings(StringBuilder page, ProfileReport report, ReportWords words)
    {
        if (report.Warnings.Count == 0 && report.Neighbours.Count == 0)
            return;
        page.Append(Invariant($"<h2>{words.Warnings}</h2>\n<ul class=\"warning\">\n"));
        foreach (var warning in report.Warnings)
            page.Append(Invariant($"<li>{Safe(warning)}</li>\n"));
        if (report.Neighbours.Count > 0)
            page.Append(Invariant($"<li>{words.Neighbours}: {Safe(string.Join(", ", report.Neighbours.Select(n => $"{n.Name} (GPU {n.Gpu}, {Cli.Figures.Bytes(n.Bytes)})")))}</li>\n"));
        page.Append("</ul>\n");
    }

    private static void Steps(StringBuilder page, ProfileReport report, ReportWords words)
    {
        if (report.Steps.Count == 0)
            return;
        page.Append(Invariant($"<h2>{words.Steps}</h2>\n<div class=\"wide\"><table>\n"));
        Row(page, "th", "", [words.Step, "1/s", "→ 1/s", "p50", "p90", "p95", "p99", "max", "TTFT p95", "ITL p95", words.Failed, words.NoAnswer, words.Memory, "SM", words.Power]);
        foreach (var s in report.Steps)
            Row(page, "td", s.Saturated ? " class=\"over\"" : "",
            [
                s.Saturated ? $"{s.Part} · {words.TooMuch}" : s.Part, Invariant($"{s.AskedPerSecond:0.##}"), Invariant($"{s.AnsweredPerSecond:0.##}"), Seconds(s.Latency?.P50), Seconds(s.Latency?.P90),
                Seconds(s.Latency?.P95), Seconds(s.Latency?.P99), Seconds(s.Latency?.Max), Seconds(s.Ttft?.P95), Seconds(s.Itl?.P95), Invariant($"{s.Failed}"), Invariant($"{s.Unanswered}"),
                s.VramPeakBytes is { } bytes ? Cli.Figures.Bytes(bytes) : "–", s.SmUse is { } sm ? Cli.Figures.Percent(sm) : "–", s.PowerWatts is { } watts ? Invariant($"{watts:0} W") : "–",
            ]);
        page.Append("</table></div>\n");
        foreach (var error in report.Steps.SelectMany(s => s.Errors).GroupBy(e => e.Key))
            page.Append(Invariant($"<p>{error.Sum(e => e.Value)} × {Safe(error.Key)}</p>\n"));
    }

    private static void Beside(StringBuilder page, ProfileReport report, ReportWords words)
    {
        if (report.Beside is not { } beside)
            return;
        var (own, other) = (report.Target.Name, beside.Other);
        page.Append(Invariant($"<h2>{words.Slowdown}</h2>\n<table>\n"));
        Row(page, "th", "", ["p95", own, other]);
        Row(page, "td", "", [own, "1.00", Invariant($"{beside.SlowdownOfTarget:0.00}")]);
        Row(page, "td", "", [other, Invariant($"{beside.SlowdownOfOther:0.00}"), "1.00"]);
        page.Append("</table>\n");
        foreach (var (slowed, by, times) in new[] { (own, other, beside.SlowdownOfTarget), (other, own, beside.SlowdownOfOther) })
            page.Append(Invariant($"<p>{Safe(string.Format(CultureInfo.InvariantCulture, words.SlowdownWords, slowed, by, times))}</p>\n"));
    }

    private static void Row(StringBuilder page, string cell, string attributes, IEnumerable<string> cells) =>
        page.Append(Invariant($"<tr{attributes}>{string.Concat(cells.Select(text => $"<{cell}>{Safe(text)}</{cell}>"))}</tr>\n"));

    private static string Seconds(double? seconds) => seconds is { } known ? Cli.Figures.Latency(known) : "–";

    private static string Safe(string text) => WebUtility.HtmlEncode(text.Replace('\0', '?'));
}
