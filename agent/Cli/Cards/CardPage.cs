using System.Globalization;
using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Profiling.Cards;
using Spectre.Console;

namespace Headroom.Cli.Cards;

/// <summary>A plan as a page of text: who goes where, how full the cards are, what does not fit, what to know.</summary>
internal static class CardPage
{
    public static void Write(IAnsiConsole console, CardPlan plan, FoundCards found)
    {
        console.MarkupLine(Terminal.Safe($"{Figures.Count(plan.Placements.Count + plan.Unplaced.Count, "model")} on {Figures.Count(plan.Cards.Count, "card")}, strategy {PolicyWords.Strategy.Of(plan.Strategy)}. Cards: {found.Source}."));
        console.WriteLine();
        if (plan.Placements.Count > 0)
            console.Write(Models(plan));
        console.WriteLine();
        console.Write(Cards(plan, Bar.For(console)));
        Refused(console, plan);
        List(console, "yellow", "Note", [.. found.Notes, .. plan.Warnings, .. plan.Proven ? Array.Empty<string>() : ["there were too many ways to look at all of them: this is a good one, perhaps not the best"]]);
        if (!plan.Works)
            return;
        console.WriteLine();
        console.MarkupLine("[bold]Put into docker-compose.yml[/] (deploy.resources.reservations.devices of each service):");
        foreach (var placement in plan.Placements)
            console.MarkupLine(Terminal.Safe($"  {placement.Name}: device_ids: {CardPolicy.DeviceIds(placement)}"));
    }

    private static Table Models(CardPlan plan)
    {
        var table = Cells.Table(
            Cells.Left("Model"), Cells.Right("GPU"), Cells.Right("Guarantee"), Cells.Right("Cap"), Cells.Left("SLO").NoWrap(), Cells.Right("Knee"), Cells.Right("Load"),
            Cells.Left("Priority").NoWrap(), Cells.Left("Why"));
        foreach (var p in plan.Placements)
            Cells.AddRow(table,
                Terminal.Safe(p.Name), string.Join(", ", p.Gpus), Amount.Of(p.GuaranteeBytes), Amount.Of(p.CapBytes),
                CardPolicy.Slos(p) is { Count: > 0 } slos ? string.Join(", ", slos.Select(s => $"{s.Word} {Figures.Latency(s.Target.TotalSeconds)}")) : Cells.Unknown,
                p.KneePerSecond is { } knee ? Amount.Rate(knee) : Cells.Unknown, p.Load is { } load ? Figures.Percent(load) : Cells.Unknown, p.Priority.Word(), Terminal.Safe(p.Reason));
        return table;
    }

    private static Table Cards(CardPlan plan, Bar bar)
    {
        var table = Cells.Table(Cells.Right("GPU"), Cells.Left("Promised").NoWrap(), Cells.Right("Sum"), Cells.Right("Of"), Cells.Right("Reserve"), Cells.Right("Asked"), Cells.Right("Load"), Cells.Left("Card"));
        foreach (var c in plan.Cards)
        {
            var ratio = c.Promised / (double)Math.Max(1, c.TotalBytes);
            Cells.AddRow(table,
                c.Gpu.ToString(CultureInfo.InvariantCulture), $"{bar.Of(ratio)} {Figures.Percent(ratio),4}", Amount.Of(c.Promised), Amount.Of(c.TotalBytes),
                c.ReserveLeft < c.ReserveWritten ? $"[yellow]{Amount.Of(c.ReserveLeft)}[/]" : Amount.Of(c.ReserveLeft), Amount.Of(c.ReserveWritten),
                c.Load > 0 ? Figures.Percent(c.Load) : Cells.Unknown, Terminal.Safe(c.Name ?? Cells.Unknown));
        }
        return table;
    }

    private static void Refused(IAnsiConsole console, CardPlan plan)
    {
        if (plan.Works)
            return;
        List(console, "red", "Refused",
        [
            .. plan.Unplaced.Select(u => $"{u.Name} ({u.Priority.Word()}) does not fit: {u.Why}"),
            .. plan.Unplaced.Count > 0 ? (string[])[Sum(plan)] : [],
            .. plan.Overloads.Select(o => $"{o.Name} can't answer {Amount.Rate(o.Rate)} in time: its knee is at {Amount.Rate(o.Knee)}, so that takes {o.Replicas} replicas"),
        ]);
        List(console, "green", "What could be done", plan.Ways);
    }

    private static string Sum(CardPlan plan)
    {
        var needed = plan.Cards.Sum(c => c.Promised) + plan.Unplaced.Sum(u => (u.NeededBytes ?? 0) * u.Gpus);
        return $"all together need {Amount.Of(needed)} and a reserve of {Amount.Of(plan.Cards.Sum(c => c.ReserveWritten))}; the cards have {Amount.Of(plan.Cards.Sum(c => c.TotalBytes))}"
            + (plan.Cards.Sum(c => c.DriverBytes + c.OthersBytes) is > 0 and var gone ? $", {Amount.Of(gone)} of them held already" : "");
    }

    private static void List(IAnsiConsole console, string colour, string head, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0)
            return;
        console.WriteLine();
        console.MarkupLine($"[{colour} bold]{head}[/]");
        foreach (var line in lines)
            console.Write(new Padder(new Markup(Terminal.Safe($"- {line}")), new Padding(2, 0, 0, 0)));
    }
}
