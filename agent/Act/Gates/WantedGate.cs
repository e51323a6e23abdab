using Headroom.Act.Freezing;
using Headroom.Model;

namespace Headroom.Act.Gates;

/// <summary>What the plan wants of the gate of one container: its relations on all of its GPUs in one.</summary>
internal sealed record WantedGate(WorkloadSnapshot Batch, IReadOnlyList<WorkloadId> Protected, YieldTimes Times, GateVia Via, Mode Mode, Reason Reason)
{
    /// <summary>By container id. Only of containers that run in the life that the plan was made for.</summary>
    public static Dictionary<string, WantedGate> Of(PlanWish wish)
    {
        var seen = wish.Snapshot.Workloads.ToDictionary(w => w.Container.Id.InstanceId);
        var wanted = new Dictionary<string, WantedGate>();
        foreach (var relation in wish.Plan.Yields)
        {
            if (relation.Mode < Mode.Recommend || !seen.TryGetValue(relation.Batch.InstanceId, out var batch) || !batch.Container.Id.IsSameLife(relation.Batch) || !batch.Container.Runs)
                continue;
            var one = new WantedGate(batch, relation.Protected, YieldTimes.Of(relation), relation.Via, relation.Mode, relation.Reason);
            wanted[relation.Batch.InstanceId] = wanted.TryGetValue(relation.Batch.InstanceId, out var other) ? other.With(one) : one;
        }
        return wanted;
    }

    // On several GPUs at once only the freezer stops all of it together.
    private WantedGate With(WantedGate other) => this with
    {
        Protected = [.. Protected.Union(other.Protected)], Times = Times.With(other.Times), Via = Via == other.Via ? Via : GateVia.Freezer,
    };
}
