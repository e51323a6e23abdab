using System.Globalization;
using System.Text;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>The results as Markdown: medians of the repeats; where repeats differ, the least and the most besides.</summary>
internal static class LabTable
{
    public static string Of(IReadOnlyList<CellResult> results)
    {
        if (results.Count == 0)
            return "Nothing was measured yet.\n";
        var isolated = results.Where(r => r.Cell.Arm == Arm.Isolated).GroupBy(r => r.Cell).ToDictionary(g => g.Key, g => g.Last());
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"CPU as the shared device, {Dates(results)}. {string.Join("; ", results.Select(r => r.Machine).Distinct())}.");
        text.AppendLine("Medians of the repeats (least..most). Times are ms: sojourn from the moment at which the request should have left its client to the end of its answer, service in the server's worker.");
        text.AppendLine("p95 / alone: of sojourns, against the isolated arm of the same arrivals. Idle time taken: batch's CPU time of what the isolated arm leaves; above 100 % it took the server's. Others: of the core, by nobody of the lab.");
        text.AppendLine();
        text.AppendLine("| requests | arrivals | load | arm | repeats x requests | gap CV | sojourn p50 | p95 | p99 | p95 / alone | service p50 | p95 | p99 | idle time taken | toggles/s | unanswered | others |");
        text.AppendLine("|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var row in results.GroupBy(r => r.Cell with { Repeat = 0 }).OrderBy(g => Order(g.Key)))
            text.AppendLine(Row(row.Key, [.. row.GroupBy(r => r.Cell).Select(g => g.Last())], isolated));
        return text.ToString();
    }

    private static (int, Arrivals, double, double, Arm) Order(Cell cell) =>
        (Service.All.ToList().FindIndex(s => s.Name == cell.Service), cell.Arrivals, cell.Load, cell.Seconds, cell.Arm);

    private static string Row(Cell cell, IReadOnlyList<CellResult> repeats, Dictionary<Cell, CellResult> isolated)
    {
        string Milliseconds(Func<CellResult, double?> of) => Median(repeats.Select(of), v => Number(v * 1000, v < 0.1 ? "0.0" : "0"));
        string Paired(Func<CellResult, CellResult, double?> of, string format) => Spread(
            repeats.Select(r => isolated.TryGetValue(r.Cell.Alone(), out var alone) ? of(r, alone) : null), format);
        string[] cells =
        [
            cell.Service, cell.Arrivals.ToString(), Number(cell.Load, "0.0"), cell.Arm.ToString(), $"{repeats.Count} x {repeats[0].Count}", Median(repeats.Select(r => (double?)r.GapVariation), v => Number(v, "0.0")),
            Milliseconds(r => r.Sojourn?.P50), Milliseconds(r => r.Sojourn?.P95), Milliseconds(r => r.Sojourn?.P99), Paired((r, alone) => r.Sojourn?.P95 / alone.Sojourn?.P95, "0.00"),
            Milliseconds(r => r.Service?.P50), Milliseconds(r => r.Service?.P95), Milliseconds(r => r.Service?.P99),
            cell.Arm == Arm.Isolated ? "" : Paired((r, alone) => r.BatchShare / (1 - alone.ServerShare), "0 %"),
            Median(repeats.Select(r => r.Toggles / r.Cell.Seconds), v => Number(v, "0.0")), $"{repeats.Sum(r => r.Unanswered)}", Median(repeats.Select(r => (double?)r.OtherShare), v => Number(v, "0.0 %")),
        ];
        return $"| {string.Join(" | ", cells)} |";
    }

    private static string Dates(IReadOnlyList<CellResult> results)
    {
        var days = results.Select(r => r.At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Distinct().Order(StringComparer.Ordinal).ToList();
        return days.Count == 1 ? days[0] : $"{days[0]} to {days[^1]}";
    }

    private static string Median(IEnumerable<double?> values, Func<double, string> format) => Sorted(values) is { Length: > 0 } sorted ? format(Middle(sorted)) : "";

    private static string Spread(IEnumerable<double?> values, string format) => Sorted(values) switch
    {
        [] => "",
        [var one] => Number(one, format),
        var sorted => $"{Number(Middle(sorted), format)} ({Number(sorted[0], format)}..{Number(sorted[^1], format)})",
    };

    private static double[] Sorted(IEnumerable<double?> values) => [.. values.OfType<double>().Where(v => !double.IsNaN(v)).Order()];

    private static double Middle(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
