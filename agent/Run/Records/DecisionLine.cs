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
