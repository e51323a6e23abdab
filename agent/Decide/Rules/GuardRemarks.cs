using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>What the guard tells besides what it does: whom it leaves alone, and when nobody can be asked.</summary>
internal static class GuardRemarks
{
    /// <param name="gated">Somebody below stands aside for it by the gate.</param>
    public static void Add(List<RuleRemark> remarks, RuleInput input, ProtectedJudgement one, bool gated)
    {
        var hurt = one.Workload.Name;
        if (one.Evidence.Unknown)
        {
            remarks.Add(new(Verdict.Note, hurt, null, null, GuardReasons.Unknown.With(("protected", hurt), ("why", Why(one.Workload)))));
            return;
        }
        if (one.Memory.ClearedAt is { } cleared)
            remarks.Add(new(Verdict.Note, hurt, null, null, GuardReasons.OwnLoad.With(("protected", hurt), ("pressure", ReasonValue.Ratio(cleared)))));
        if (one.Demand != Demand.Cut)
            return;
        if (one.Targets.Count == 0 && one.Evidence is { Pressure: { } pressure, Worst: { } worst } && pressure > 1 && one.Lasts)
            remarks.Add(new(Verdict.Note, hurt, null, null, (gated ? GuardReasons.AllGated : GuardReasons.NobodyBelow).With(
                ("protected", hurt), ("slo", worst.Slo.Name), ("observed", ReasonValue.Seconds(pressure * worst.Slo.Target.TotalSeconds)), ("target", worst.Slo.Target))));
        foreach (var neighbour in one.Memory.Breach?.Neighbours ?? [])
            AddNeighbour(remarks, input, one, neighbour);
    }

    private static void AddNeighbour(List<RuleRemark> remarks, RuleInput input, ProtectedJudgement one, Blamed neighbour)
    {
        if (input.Near.Find(neighbour.Workload) is not { } workload)
            return;
        var (name, hurt, score) = (neighbour.Workload, one.Workload.Name, ReasonValue.Ratio(neighbour.Score));
        if (one.Targets.Contains(name))
        {
            if (!one.Chosen.Contains(name))
                remarks.Add(new(Verdict.Refuse, name, null, Lever.Share, GuardReasons.Innocent.With(("workload", name), ("protected", hurt))));
            return;
        }
        if (!neighbour.Guilty)
            return;
        if (workload.Policy.Priority >= one.Workload.Policy.Priority)
            remarks.Add(new(Verdict.Refuse, name, null, Lever.Share, GuardReasons.BlamedButNotBelow.With(("workload", name), ("protected", hurt), ("score", score))));
        else if (workload.Policy.Exempt)
            remarks.Add(new(Verdict.Refuse, name, null, Lever.Share, PlannerReasons.Exempt.With(("workload", name), ("wanted", "share"))));
        else if (!workload.Policy.Managed)
            remarks.Add(new(Verdict.Refuse, name, null, Lever.Share, PlannerReasons.NotOptedIn.With(("workload", name), ("wanted", "share"))));
        else if (workload.Policy.Yields == Yields.Never)
            remarks.Add(new(Verdict.Refuse, name, null, Lever.Share, GuardReasons.Never.With(("workload", name), ("protected", hurt), ("score", score))));
    }

    private static string Why(WorkloadSnapshot workload) =>
        workload.Slos.Select(s => s.Note).FirstOrDefault(note => note is not null) ?? workload.LatencyProblem ?? "no reading";
}
