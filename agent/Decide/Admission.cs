using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide;

/// <summary>Whether a wish may be at all, whatever its merit: opt-in, rank, levers that can do it, the breaker.</summary>
internal static class Admission
{
    /// <returns>The proposal, perhaps with another lever; or why not.</returns>
    public static (Proposal? Admitted, Reason? Refusal) Judge(Proposal proposal, WorkloadSnapshot workload, RuleInput input)
    {
        var policy = workload.Policy;
        if (policy.Exempt)
            return Refuse(PlannerReasons.Exempt, proposal);
        if (!policy.Managed)
            return Refuse(PlannerReasons.NotOptedIn, proposal);
        if (proposal is RunProposal { For: { } name } && input.Near.Find(name) is { } hurt && policy.Priority >= hurt.Policy.Priority)
            return Refuse(PlannerReasons.NotBelow, proposal, ("priority", policy.Priority.Word()), ("protected", name));
        if (proposal is YieldProposal yield && yield.Protected.Any(p => input.Near.Find(p.Name) is not { } above || policy.Priority >= above.Policy.Priority))
            return Refuse(PlannerReasons.NotBelow, proposal, ("priority", policy.Priority.Word()), ("protected", string.Join(", ", yield.Protected.Select(p => p.Name))));

        if (input.Near.GpusOf(workload.Name) is { Count: > 1 } gpus && Freezes(proposal))
        {
            // A rank frozen in the middle of a collective lets the kernels of the others spin for ever.
            // A stop only for rules that keep to it while it stands: others would start it again with the next tick.
            if (proposal is not RunProposal { Limit.State: RunState.Paused, Rule: RuleName.LatencyGuard or RuleName.BatchWindow } pause || !policy.Restart.Allowed)
                return Refuse(PlannerReasons.SeveralGpus, proposal, ("gpus", ReasonValue.Count(gpus.Count)));
            proposal = pause with { Limit = RunLimit.Stopped };
        }
        if (input.Snapshot.Act.Breaker is { } breaker)
        {
            var lever = proposal.Lever;
            if (!input.Snapshot.Act.Has(workload.Container.Id, hold => hold.Lever == lever))
                return Refuse(PlannerReasons.BreakerOpen, proposal, ("breaker", breaker));
        }
        foreach (var useless in input.Snapshot.Act.Ineffective)
            if (useless.Workload == workload.Name && useless.Lever == proposal.Lever)
                return Refuse(PlannerReasons.Ineffective, proposal, ("lever", proposal.Lever.Word()));
        return (proposal, null);
    }

    private static bool Freezes(Proposal proposal) => proposal is YieldProposal or RunProposal { Limit.State: RunState.Share or RunState.Paused };

    public static string Words(Proposal proposal) => proposal switch
    {
        RunProposal { Limit: { State: RunState.Share, Share: var share } } => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"share {share * 100:0} %"),
        CapProposal cap => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"cap {cap.Bytes >> 20} MiB"),
        _ => proposal.Lever.Word(),
    };

    private static (Proposal?, Reason?) Refuse(ReasonCode code, Proposal proposal, params ReadOnlySpan<(string, ReasonValue)> more) =>
        (null, code.With([("workload", proposal.Workload.Name), ("wanted", Words(proposal)), .. more]));
}
