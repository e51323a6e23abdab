using System.Globalization;
using System.Text;

namespace Headroom.Benchmarks.Budgets;

/// <summary>One line of the table.</summary>
/// <param name="Beside">The baseline of the same run, with its own figure.</param>
/// <param name="Ratio">Seen by baseline; null: they are no two times of one thing.</param>
/// <param name="Budget">Of DESIGN.md 8; null: there is none.</param>
/// <param name="Met">Null without a budget.</param>
internal sealed record BudgetRow(string What, string Seen, string Beside = "", double? Ratio = null, string? Budget = null, bool? Met = null)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"| {What} | {Seen} | {Beside} | {Ratio:0.##} | {Budget} | {(Met switch { true => "met", false => "**missed**", null => "" })} |");
}

/// <summary>What one measurement gives.</summary>
/// <param name="Details">Markdown below the table; empty: none.</param>
internal sealed record BudgetPart(string Title, IReadOnlyList<BudgetRow> Rows, string Details = "");

/// <summary>The whole page.</summary>
internal static class Report
{
    public static string Markdown(string head, IReadOnlyList<BudgetPart> parts, IReadOnlyList<string> leftOut)
    {
        var page = new StringBuilder(head);
        page.Append("\n| what | seen | beside it, in the same run | ratio | budget | |\n|---|---|---|---:|---|---|\n");
        foreach (var row in parts.SelectMany(p => p.Rows))
            page.Append(row).Append('\n');
        if (leftOut.Count > 0)
            page.Append("\nLeft out:\n\n").AppendJoin('\n', leftOut.Select(why => $"- {why}")).Append('\n');
        page.Append("""

            Measured by other commands: shares of the freezer (`dotnet run -c Release --project tests/Agent.Benchmarks -- freezer`), from a request's first byte to batch standing still and what watching costs
            (`ActivityCostTests`, `GateTests` of tests/Agent.IntegrationTests), the gate on a shared core (`tests/cpu-lab/run.sh`), time to protect under real load (`tests/run.sh --closed-loop`).

            """);
        foreach (var part in parts.Where(p => p.Details.Length > 0))
            page.Append(CultureInfo.InvariantCulture, $"\n## {part.Title}\n\n{part.Details.Trim()}\n");
        return page.ToString();
    }

    /// <summary>A table of its own.</summary>
    public static string Table(string head, IEnumerable<string> lines) =>
        $"{head}\n|{string.Concat(Enumerable.Repeat("---|", head.Count(c => c == '|') - 1))}\n{string.Join('\n', lines)}\n";
}
