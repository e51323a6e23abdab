using Headroom.Model;

namespace Headroom.Run.Trials;

/// <summary>Plans written by hand, the same at every tick: what a trial compares the planner with.</summary>
internal static class FixedPlans
{
    private static readonly Reason Written = new("trial", new Dictionary<string, ReasonValue>());

    /// <summary>Wants nothing.</summary>
    public static Decider Nothing => (snapshot, policy, due) => Empty(snapshot, policy, due);

    /// <summary>A blind share of time.</summary>
    public static Decider Share(string batch, double share) => (snapshot, policy, due) => Empty(snapshot, policy, due) with
    {
        Wanted =
        [
            .. Named(snapshot, batch).Select(w => new Wanted(
                w.Container.Id, Mode.Enforce, new WantedRun(RunLimit.AtShare(share), RuleName.LatencyGuard, Written, snapshot.Mono), [])),
        ],
    };

    /// <summary>A gate, whatever the load, as the policy's rule says.</summary>
    public static Decider Gate(string batch, string guarded) => (snapshot, policy, due) => Empty(snapshot, policy, due) with
    {
        Yields =
        [
            .. from waiting in Named(snapshot, batch)
               from first in Named(snapshot, guarded)
               let rule = policy.Rules.Gate
               select new YieldRelation(
                   waiting.Container.Id, [first.Container.Id], 0, rule.Linger, rule.MaxClosed, rule.MinRun, waiting.Policy.Floor, Mode.Enforce, Written),
        ],
    };

    private static IEnumerable<WorkloadSnapshot> Named(NodeSnapshot snapshot, string workload) => snapshot.Workloads.Where(w => w.Name == workload);

    private static Plan Empty(NodeSnapshot snapshot, Policy policy, IReadOnlyList<RuleName> due) =>
        new() { Seq = snapshot.Seq, SnapshotSeq = snapshot.Seq, PolicyHash = policy.Hash, Due = due };
}
