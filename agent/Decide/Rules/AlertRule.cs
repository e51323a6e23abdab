using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Holds what the policy says for an alert, while its lease lasts. Of the alert only its name is used.</summary>
internal sealed class AlertRule : IRule
{
    public RuleName Name => RuleName.Alert;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var held = new Dictionary<string, Held>();
        var remarks = new List<RuleRemark>();
        var firing = input.Snapshot.Alerts.Where(a => a.FiringUntil > input.Now)
            .GroupBy(a => a.Name, (name, signals) => new AlertSignal(name, signals.Max(s => s.FiringUntil)))
            .OrderBy(a => a.Name, StringComparer.Ordinal);
        foreach (var signal in firing)
        {
            var named = input.Policy.Alerts.Where(a => a.Name == signal.Name).ToList();
            if (named.Count == 0)
                remarks.Add(new RuleRemark(Verdict.Refuse, null, null, null, AlertReasons.Unnamed.With(("alert", signal.Name))));
            foreach (var alert in named)
                Hold(input, alert, signal.FiringUntil, held, remarks);
        }
        var proposals = held.OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => ProposalOf(h.Value, input.Now)).ToList();
        return new RuleOutput(memory, proposals, remarks);
    }

    private sealed record Held(WorkloadId Workload, AlertPolicy Alert, MonoTime Until);

    private static void Hold(RuleInput input, AlertPolicy alert, MonoTime until, Dictionary<string, Held> held, List<RuleRemark> remarks)
    {
        var anyone = false;
        foreach (var workload in input.Snapshot.Workloads.Where(w => w.Container.Runs && IsMeant(alert, w.Policy)))
        {
            anyone = true;
            // Several alerts: the strictest counts, then the one that lasts longest.
            if (!held.TryGetValue(workload.Name, out var other) || alert.Share < other.Alert.Share || (alert.Share == other.Alert.Share && until > other.Until))
                held[workload.Name] = new Held(workload.Container.Id, alert, until);
        }
        if (!anyone)
            remarks.Add(new RuleRemark(Verdict.Refuse, null, null, null, AlertReasons.NobodyThere.With(
                ("alert", alert.Name), ("target", alert.Group ?? alert.Workload ?? ""))));
    }

    private static bool IsMeant(AlertPolicy alert, WorkloadPolicy policy) =>
        (alert.Group is { } group && policy.Group?.Name == group) || (alert.Workload is { } entry && policy.Entry == entry);

    private static RunProposal ProposalOf(Held held, MonoTime now) => new(
        RuleName.Alert, held.Workload,
        AlertReasons.Held.With(
            ("alert", held.Alert.Name), ("workload", held.Workload.Name), ("share", ReasonValue.Ratio(held.Alert.Share)), ("left", held.Until - now)),
        RunLimit.AtShare(held.Alert.Share));
}
