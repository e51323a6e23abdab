using System.Globalization;
using Headroom.Model;
using Headroom.Model.Reasons;
using Spectre.Console;

namespace Headroom.Cli.Plans;

/// <summary>A plan as a page of text: what would change, what is in force, what was refused, each with its reason.</summary>
internal static class PlanPage
{
    /// <param name="all">Also what is in force, what is left alone, and notes.</param>
    public static void Write(IAnsiConsole console, NodeSnapshot snapshot, Plan plan, Language language, bool all = true)
    {
        var changes = PlanChange.Of(plan, snapshot.Act);
        console.MarkupLine(Headline(snapshot, plan, changes));
        foreach (var change in changes.Where(c => all || c.Kind != PlanChangeKind.InForce))
            WriteLine(console, Sign(change.Kind), change.Workload, What(change), change.Reason, change.Mode, snapshot.Mode, language);
        if (!all)
            return;
        foreach (var decision in plan.Decisions.Where(d => d.Verdict is Verdict.Refuse or Verdict.Note))
            WriteLine(console, decision.Verdict == Verdict.Refuse ? "-" : "i", decision.Workload ?? (decision.Gpu is { } gpu ? $"GPU {gpu}" : "node"),
                decision.Verdict == Verdict.Refuse ? "left alone" : "note", decision.Reason, decision.Mode, snapshot.Mode, language);
    }

    private static string Headline(NodeSnapshot snapshot, Plan plan, IReadOnlyList<PlanChange> changes)
    {
        var todo = changes.Count(c => c.Kind != PlanChangeKind.InForce);
        var done = snapshot.Mode switch
        {
            Mode.Enforce => "",
            Mode.Recommend => "; mode recommend: told, not done",
            _ => "; mode observe: nothing of it is done",
        };
        return $"[bold]Plan {plan.Seq}[/] by policy {Terminal.Safe(plan.PolicyHash)}: {(todo == 0 ? "nothing to change" : Figures.Count(todo, "change"))}"
            + $"{(changes.Count > todo ? $", {changes.Count - todo} in force" : "")}{done}";
    }

    private static void WriteLine(IAnsiConsole console, string sign, string workload, string what, Reason? reason, Mode mode, Mode most, Language language)
    {
        var why = reason is null ? "nothing wants it any more" : $"{Terminal.Safe(reason.Sentence(language))} [dim]{reason.Code}[/]";
        var limit = mode < most ? $" [dim](mode {mode.Word()})[/]" : "";
        console.Write(new Padder(new Markup($"{sign} [bold]{Terminal.Safe(workload)}[/] {what}: {why}{limit}"), new Padding(2, 0, 0, 0)));
    }

    private static string Sign(PlanChangeKind kind) => kind switch { PlanChangeKind.Take => "[yellow]+[/]", PlanChangeKind.GiveBack => "[green]<[/]", _ => "=" };

    private static string What(PlanChange change) => change switch
    {
        { Kind: PlanChangeKind.GiveBack } => $"give back {change.Lever.Word()}",
        { Lever: Lever.Share, Share: { } share } => string.Create(CultureInfo.InvariantCulture, $"share {share * 100:0} %"),
        { Lever: Lever.Cap, CapBytes: { } cap, Gpu: { } gpu } => $"cap {Figures.Bytes(cap)} on GPU {gpu}",
        { Lever: Lever.Gate } => "gate",
        _ => change.Lever.Word(),
    };
}
