using System.Globalization;
using Headroom.Act.Caps;
using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Model.Reasons;
using Spectre.Console;

namespace Headroom.Cli.Holds;

/// <summary>What Headroom holds, as a page of text: what, whose wish, since when, why, and what is stuck.</summary>
internal static class HoldsPage
{
    public static void Write(IAnsiConsole console, ActState act, DateTimeOffset now, Language language)
    {
        if (act.Breaker is { } breaker)
            Say(console, $"[red bold]The breaker is open[/]: {Terminal.Safe(breaker)}. Nothing new is held until a person has looked: `headroom holds reset-breaker`.");
        if (act.Limited is { } limited)
            Say(console, $"[yellow]No further than recommend[/]: {Terminal.Safe(limited)}");
        if (act.Holds.Count == 0)
            Say(console, "Nothing is held.");
        else
            WriteHolds(console, act, now, language);
        foreach (var useless in act.Ineffective)
            Say(console, $"i {Terminal.Safe(useless.Workload)}: {useless.Lever.Word()} was found to do nothing, and is not used again");
        if (act.LeftToPeople.Count > 0)
            Say(console, $"i left to people, until the plan wants nothing of them: {Terminal.Safe(string.Join(", ", act.LeftToPeople))}");
    }

    /// <summary>One line a hold, and what is stuck.</summary>
    public static void WriteHolds(IAnsiConsole console, ActState act, DateTimeOffset now, Language language)
    {
        console.Write(Table(act, now, language));
        foreach (var hold in act.Holds.Where(h => h.Stuck is not null).OrderBy(h => h.Workload.Name, StringComparer.Ordinal))
            Say(console, $"[red]! {Terminal.Safe(hold.Workload.Name)}[/]: {hold.Lever.Word()} {(hold.Lever == Lever.Cap ? "not as wanted" : "not given back")} yet: {Terminal.Safe(hold.Stuck!)}");
    }

    private static Table Table(ActState act, DateTimeOffset now, Language language)
    {
        var table = Cells.Table(Cells.Left("Workload"), Cells.Left("Held by"), Cells.Left("Rule"), Cells.Right("Since (UTC)"), Cells.Right("For"), Cells.Left("Why"));
        foreach (var hold in act.Holds.OrderBy(h => h.Workload.Name, StringComparer.Ordinal).ThenBy(h => h.Lever).ThenBy(h => h.Gpu))
            Cells.AddRow(
                table, $"[bold]{Terminal.Safe(hold.Workload.Name)}[/]", What(hold), hold.Rule.Word(),
                hold.Since.UtcDateTime.ToString(now - hold.Since < TimeSpan.FromDays(1) ? "HH:mm:ss" : "MM-dd HH:mm", CultureInfo.InvariantCulture), Figures.Age(now - hold.Since),
                hold.Reason is { } reason ? $"{Terminal.Safe(reason.Sentence(language))} [dim]{reason.Code}[/]" : Cells.Unknown);
        return table;
    }

    private static string What(Hold hold) => hold switch
    {
        { Lever: Lever.Share, ShareObtained: { } obtained } => string.Create(CultureInfo.InvariantCulture, $"share {hold.Share * 100:0} % (gets {obtained * 100:0} %)"),
        { Lever: Lever.Share } => string.Create(CultureInfo.InvariantCulture, $"share {hold.Share * 100:0} %"),
        { Lever: Lever.Cap, CapBytes: { } cap, Gpu: { } gpu } => $"cap {Figures.Bytes(cap)}, GPU {gpu}{(CapUndo.KindOf(hold.Undo) is { } backend ? $" ({backend.Word()})" : "")}",
        _ => hold.Lever.Word(),
    };

    private static void Say(IAnsiConsole console, string markup) => console.Write(new Padder(new Markup(markup), new Padding(0, 0, 0, 0)));
}
