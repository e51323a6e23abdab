using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Run.Records;

/// <summary>One line of the decision log.</summary>
/// <param name="At">Wall clock of the tick.</param>
/// <param name="Seq">Of the plan.</param>
/// <param name="Text">The reason as an English sentence, for those who read the file itself.</param>
internal sealed record DecisionLine(
    DateTimeOffset At, string Policy, long Seq, Verdict Verdict, RuleName Rule, string? Workload, int? Gpu, Lever? Lever, Mode Mode,
    string Code, IReadOnlyDictionary<string, ReasonValue> Values, string Text)
{
    public static DecisionLine Of(Plan plan, Decision decision, DateTimeOffset wall) => new(
        wall, plan.PolicyHash, plan.Seq, decision.Verdict, decision.Rule, decision.Workload, decision.Gpu, decision.Lever, decision.Mode,
        decision.Reason.Code, decision.Reason.Values, decision.Reason.Sentence());
}

/// <summary>One step that ended, as a line of the same log.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Code">Of the reason; null for what is given back.</param>
internal sealed record OutcomeLine(
    DateTimeOffset At, long Seq, OutcomeResult Outcome, StepKind Step, Lever Lever, RuleName Rule, string Workload, string Container, Mode Mode, double? Share,
    string Evidence, double TookSeconds, long? Hold, string? Code, string? Text)
{
    public static OutcomeLine Of(Outcome o) => new(
        o.At, o.PlanSeq, o.Result, o.Step, o.Lever, o.Rule, o.Workload.Name, WorkloadId.Short(o.Workload.InstanceId), o.Mode, o.Share,
        o.Evidence, Math.Round(o.Took.TotalSeconds, 4), o.HoldId == 0 ? null : o.HoldId, o.Reason?.Code, o.Reason?.Sentence());
}
