using System.Globalization;
using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Run.Trials.Replay;
using Spectre.Console;

namespace Headroom.Cli.Replays;

/// <summary>Two policies side by side: what became of each workload, and what each rule did.</summary>
internal static class ReplayPage
{
    /// <param name="source">What was replayed, in words.</param>
    public static void Write(IAnsiConsole console, ReplayReport report, string source)
    {
        console.MarkupLine($"[bold]{Terminal.Safe(source)}[/]");
        console.MarkupLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.From:yyyy-MM-dd HH:mm:ss zzz} to {report.To:yyyy-MM-dd HH:mm:ss zzz}, {report.Ticks:#,0} ticks, {Span(report.New.Seconds)}"));
        foreach (var remark in report.Remarks)
            console.MarkupLine(Terminal.Safe(remark));
        console.WriteLine();
        console.Write(Workloads(report));
        console.WriteLine();
        console.Write(Rules(report));
    }

    private static Table Workloads(ReplayReport report)
    {
        var table = Cells.Table(Cells.Left("Workload"), Cells.Left("Priority"), Cells.Left("What"), Header("base", report.Base), Header("new", report.New));
        var pairs = report.Base.Workloads.Select(w => w.Name).Union(report.New.Workloads.Select(w => w.Name))
            .Select(name => (Base: report.Base.Workloads.FirstOrDefault(w => w.Name == name), New: report.New.Workloads.FirstOrDefault(w => w.Name == name)))
            .OrderByDescending(pair => (pair.New ?? pair.Base)!.Priority).ThenBy(pair => (pair.New ?? pair.Base)!.Name, StringComparer.Ordinal);
        foreach (var (before, after) in pairs)
        {
            var (name, priority) = (Terminal.Safe((after ?? before)!.Name), Priorities(before, after));
            foreach (var (what, one, other) in ReplayRows.Of(before, after, report.Closed))
            {
                Cells.AddRow(table, name, priority, what, one, other);
                (name, priority) = ("", "");
            }
        }
        return table;
    }

    private static string Priorities(ReplayedWorkload? before, ReplayedWorkload? after) =>
        before is not null && after is not null && before.Priority != after.Priority
            ? $"{before.Priority.Word()}, new: {after.Priority.Word()}"
            : (after ?? before)!.Priority.Word();

    private static Table Rules(ReplayReport report)
    {
        var table = Cells.Table(Cells.Left("Rule"), Cells.Left("What"), Header("base", report.Base), Header("new", report.New));
        foreach (var rule in report.Base.Actions.Select(a => a.Rule).Union(report.New.Actions.Select(a => a.Rule)).Order())
        {
            var (before, after) = (ActionsOf(report.Base, rule), ActionsOf(report.New, rule));
            var name = rule.Word();
            foreach (var (what, of) in ((string, Func<RuleActions, long>)[])[("took", a => a.Moves), ("gave back", a => a.Releases), ("left alone", a => a.Refusals)])
            {
                if (of(before) == 0 && of(after) == 0)
                    continue;
                Cells.AddRow(table, name, what, Count(of(before)), Count(of(after)));
                name = "";
            }
        }
        if (table.Rows.Count == 0)
            Cells.AddRow(table, "[dim]none[/]", "nothing was decided", "0", "0");
        return table;
    }

    private static RuleActions ActionsOf(ReplayArm arm, RuleName rule) => arm.Actions.FirstOrDefault(a => a.Rule == rule) ?? new RuleActions(rule, 0, 0, 0);

    private static TableColumn Header(string arm, ReplayArm of) => Cells.Right($"{arm} ({Terminal.Safe(of.Policies.Count == 1 ? of.Policies[0] : $"{of.Policies.Count} policies")})");

    internal static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    internal static string Span(double seconds) => seconds switch
    {
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#} s"),
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(seconds / 60):0} min {Math.Floor(seconds % 60):00} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(seconds / 3600):0} h {Math.Floor(seconds % 3600 / 60):00} min"),
    };
}
