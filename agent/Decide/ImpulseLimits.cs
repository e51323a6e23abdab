using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide;

/// <summary>Which impulses may be: once a key, within the budgets of restarts, one restart at a time.</summary>
internal static class ImpulseLimits
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static List<Impulse> Choose(List<ImpulseProposal> proposals, RuleInput input, DecisionBook decisions)
    {
        var chosen = new List<Impulse>();
        foreach (var proposal in proposals)
        {
            var name = proposal.Workload.Name;
            if (input.Snapshot.Act.Impulses.Any(done => done.Workload == name && done.Kind == proposal.Kind && done.Key == proposal.Key))
                continue;
            var workload = input.Near.Find(name)!;
            var mode = PlanMerge.ModeOf(input, workload).AtMost(proposal.OnlyTell ? Mode.Recommend : null);
            if (proposal.Kind == ImpulseKind.Restart && Refusal(proposal, workload, input, chosen) is { } refusal)
                decisions.Add(Verdict.Refuse, proposal.Rule, name, null, Lever.Restart, mode, refusal);
            else
                chosen.Add(new Impulse(proposal.Workload, proposal.Kind, proposal.Rule, proposal.Key, mode, proposal.Reason));
        }
        return chosen;
    }

    private static Reason? Refusal(ImpulseProposal proposal, WorkloadSnapshot workload, RuleInput input, List<Impulse> chosen)
    {
        var name = workload.Name;
        var restart = workload.Policy.Restart;
        var wall = input.Wall;
        var wanted = ("wanted", (ReasonValue)Admission.Words(proposal));
        if (!restart.Allowed)
            return PlannerReasons.RestartNotAllowed.With(("workload", name), wanted);
        var (onDay, onNode) = (0, 0);
        DateTimeOffset? last = null;
        foreach (var done in input.Snapshot.Act.Impulses)
        {
            if (done.Kind != ImpulseKind.Restart)
                continue;
            // A clock set back must not make yesterday's restarts count for ever, nor a future one forgive them.
            var age = (wall - done.At).Duration();
            onNode += age < Hour ? 1 : 0;
            if (done.Workload != name)
                continue;
            if (done.Helped == false && done.Rule == proposal.Rule)
                return PlannerReasons.DidNotHelp.With(("workload", name), wanted);
            onDay += age < Day ? 1 : 0;
            if (last is null || done.At > last)
                last = done.At;
        }
        var spent =
            onDay >= restart.MaxPerDay ? $"{onDay} in the last day, maxPerDay {restart.MaxPerDay}"
            : last is { } at && (wall - at).Duration() < restart.Cooldown ? $"the last one was at {at:yyyy-MM-dd HH:mm}Z, cooldown {restart.Cooldown:c}"
            : onNode >= input.Policy.Limits.RestartsPerHour ? $"{onNode} on this server in the last hour, limits.restartsPerHour {input.Policy.Limits.RestartsPerHour}"
            : chosen.Find(c => c.Kind == ImpulseKind.Restart) is { } other ? $"{other.Workload.Name} goes first, one at a time"
            : null;
        return spent is null ? null : PlannerReasons.RestartsSpent.With(("workload", name), ("spent", spent), wanted);
    }
}
