using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Run.Trials.Replay;

/// <summary>The default simulated server under a policy for a while, and the plan of its last tick.</summary>
internal static class SimulatedPlan
{
    /// <param name="length">At least one tick.</param>
    /// <returns>The last snapshot, as it was before its plan was carried out; what the plans before had done is in its <see cref="NodeSnapshot.Act"/>.</returns>
    public static (NodeSnapshot Snapshot, Plan Plan) After(TimeSpan length, Policy policy, long seed, CancellationToken stop)
    {
        var decide = PlannerDecider.New();
        (NodeSnapshot, Plan)? last = null;
        SimulatedTrial.Run(new TrialSetup(DefaultScenario.Create(), policy, length) { Seed = seed, StartsAt = SimulatedDay.StartsAt }, (snapshot, p, due) =>
        {
            var plan = decide(snapshot, p, due);
            last = (snapshot, plan);
            return plan;
        }, stop);
        return last ?? throw new ArgumentOutOfRangeException(nameof(length), length, "at least one tick");
    }
}
