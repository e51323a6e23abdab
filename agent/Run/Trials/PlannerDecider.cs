using Headroom.Decide;
using Headroom.Model;

namespace Headroom.Run.Trials;

internal static class PlannerDecider
{
    /// <summary>The planner with a memory of its own.</summary>
    public static Decider New()
    {
        var memory = PlannerMemory.Empty;
        return (snapshot, policy, due) =>
        {
            (var plan, memory) = Planner.Decide(snapshot, policy, memory, due);
            return plan;
        };
    }
}
