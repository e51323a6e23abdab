using Headroom.Decide;
using Headroom.Model;
using Headroom.Run.Records;

namespace Headroom.Run.Trials.Replay;

/// <summary>One policy over recorded ticks, with a planner memory of its own.</summary>
internal sealed class PolicyOnTrial
{
    private PlannerMemory _memory = PlannerMemory.Empty;
    private RulePace _pace = new();
    private IdealHand? _hand;
    private Reclassification? _classes;
    private Reclassification? _others;
    private Policy? _policy;
    private Policy? _other;

    public ArmTally Tally { get; } = new();

    /// <summary>The agent began anew, or so much is missing that its memory would not hold.</summary>
    public void Restart()
    {
        _memory = PlannerMemory.Empty;
        _pace = new();
        _hand = null;
    }

    /// <summary>The policy that was in force when the tick was recorded decides as it did: on the very snapshot, with the same rules due. Another one decides
    /// on the snapshot as it would have been, at its own pace, and all that it wants in mode enforce counts as done.</summary>
    /// <param name="other">The policy to compare with.</param>
    public Plan Decide(TickRecord tick, Policy policy, Policy other, TimeSpan span)
    {
        if (!ReferenceEquals(other, _other))
            (_other, _others) = (other, new Reclassification(other));
        if (!ReferenceEquals(policy, _policy))
            (_policy, _classes) = (policy, new Reclassification(policy));
        var own = policy.Hash == tick.PolicyHash;
        _hand ??= new IdealHand(tick.Snapshot.Act);
        var snapshot = own ? tick.Snapshot : _classes!.Of(tick.Snapshot) with { Act = _hand.State };
        var paced = _pace.Due(policy.Rules, tick.Snapshot.Mono);
        (var plan, _memory) = Planner.Decide(snapshot, policy, _memory, own ? tick.Due : paced);
        _hand.Apply(plan, snapshot.WallAt);
        Tally.Add(snapshot, plan, span, _others);
        return plan;
    }
}
