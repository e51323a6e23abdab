using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide;

/// <summary>The strictest admitted wish of each workload, as far as the limits on holds allow; else the next milder one.</summary>
internal static class HoldLimits
{
    /// <summary>What a workload that was held for too long gets before anybody holds it again: this part of <c>maxHold</c>.</summary>
    private const double Rest = 0.1;

    /// <param name="proposals">By workload name, the strictest first.</param>
    public static (Dictionary<string, WantedRun> Wanted, IReadOnlyDictionary<string, HeldMemory> Held) Choose(
        Dictionary<string, List<RunProposal>> proposals, RuleInput input, IReadOnlyDictionary<string, HeldMemory> before,
        Dictionary<string, MonoTime> resting, DecisionBook decisions)
    {
        var wanted = new Dictionary<string, WantedRun>();
        var held = new Dictionary<string, HeldMemory>();
        var managed = Managed(input);
        var count = 0;
        // Who stands still already stays so: the limit must not make holds wander.
        foreach (var (name, own) in proposals.OrderByDescending(p => before.GetValueOrDefault(p.Key)?.Limit.State >= RunState.Paused)
            .ThenBy(p => before.GetValueOrDefault(p.Key)?.Since ?? input.Now).ThenBy(p => p.Key, StringComparer.Ordinal))
        {
            foreach (var proposal in own)
            {
                if (proposal.Limit == RunLimit.Free)
                    break;
                if (Refusal(proposal, input, before, resting, count, managed) is { } refusal)
                {
                    decisions.Add(Verdict.Refuse, proposal.Rule, name, null, proposal.Lever, ModeOf(input, name), refusal);
                    continue;
                }
                if (Counts(proposal))
                    count++;
                var last = before.GetValueOrDefault(name) is { } known && known.Rule == proposal.Rule ? known : null;
                var since = last?.Since ?? input.Now;
                wanted[name] = new WantedRun(proposal.Limit, proposal.Rule, proposal.Reason, since);
                held[name] = new HeldMemory(proposal.Rule, proposal.Limit, since, proposal.Limit.State >= RunState.Paused ? before.GetValueOrDefault(name)?.StillSince ?? input.Now : null);
                break;
            }
        }
        return (wanted, held);
    }

    private static Reason? Refusal(
        RunProposal proposal, RuleInput input, IReadOnlyDictionary<string, HeldMemory> before, Dictionary<string, MonoTime> resting, int count, int managed)
    {
        if (!Counts(proposal))
            return null;
        var name = proposal.Workload.Name;
        var limits = input.Policy.Limits;
        if (before.GetValueOrDefault(name) is { StillSince: { } still } last && !IsDeclared(last.Rule) && input.Now - still > limits.MaxHold)
            resting[name] = input.Now + limits.MaxHold * Rest;
        if (resting.ContainsKey(name))
            return PlannerReasons.HeldTooLong.With(("workload", name), ("held", limits.MaxHold), ("limit", limits.MaxHold), ("wanted", Admission.Words(proposal)));
        return count >= Math.Max(1, (int)Math.Floor(limits.MaxHeld * managed + 1e-9))
            ? PlannerReasons.TooManyHeld.With(
                ("workload", name), ("held", ReasonValue.Count(count)), ("managed", ReasonValue.Count(managed)), ("limit", ReasonValue.Ratio(limits.MaxHeld)),
                ("wanted", Admission.Words(proposal)))
            : null;
    }

    /// <summary>The user's own arrangement, not an emergency: neither counted nor ended by limits.</summary>
    private static bool IsDeclared(RuleName rule) => rule is RuleName.BatchWindow or RuleName.TurnTaking or RuleName.Scale;

    /// <summary>A share is no such hold: it moves all the time, and the workload runs.</summary>
    private static bool Counts(RunProposal proposal) => proposal.Limit.State >= RunState.Paused && !IsDeclared(proposal.Rule);

    private static int Managed(RuleInput input)
    {
        var managed = 0;
        foreach (var workload in input.Snapshot.Workloads)
            managed += workload.Policy is { Managed: true, Exempt: false } ? 1 : 0;
        return managed;
    }

    private static Mode ModeOf(RuleInput input, string name) => PlanMerge.ModeOf(input, input.Near.Find(name)!);
}
