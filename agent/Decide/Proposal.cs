using Headroom.Model;

namespace Headroom.Decide;

/// <summary>What one rule wants of one workload. The planner decides whether it may be, and whose wish counts.</summary>
internal abstract record Proposal(RuleName Rule, WorkloadId Workload, Reason Reason)
{
    public abstract Lever Lever { get; }
}

/// <param name="For">The protected workload for whose sake; null: for its own (its window, its group, its health). Never against one of equal or higher priority.</param>
internal sealed record RunProposal(RuleName Rule, WorkloadId Workload, Reason Reason, RunLimit Limit, string? For = null) : Proposal(Rule, Workload, Reason)
{
    public override Lever Lever => Limit.Lever;
}

/// <param name="Bytes">Per container, on this GPU.</param>
internal sealed record CapProposal(RuleName Rule, WorkloadId Workload, Reason Reason, int Gpu, long Bytes) : Proposal(Rule, Workload, Reason)
{
    public override Lever Lever => Lever.Cap;
}

/// <summary>A gate; see <see cref="YieldRelation"/>.</summary>
/// <param name="Floor">Share 0..1 that it gets when it has stood aside for too long.</param>
/// <param name="Linger">At least so long, if the policy asks for less.</param>
internal sealed record YieldProposal(
    RuleName Rule, WorkloadId Workload, Reason Reason, int Gpu, IReadOnlyList<WorkloadId> Protected, double Floor, TimeSpan Linger, GateVia Via) : Proposal(Rule, Workload, Reason)
{
    public override Lever Lever => Lever.Gate;
}

/// <param name="Key">See <see cref="Impulse.Key"/>.</param>
/// <param name="OnlyTell">The evidence or the policy allows a recommendation, nothing more.</param>
internal sealed record ImpulseProposal(
    RuleName Rule, WorkloadId Workload, Reason Reason, ImpulseKind Kind, string Key, bool OnlyTell = false) : Proposal(Rule, Workload, Reason)
{
    public override Lever Lever => Kind == ImpulseKind.Restart ? Lever.Restart : Lever.Start;
}

/// <summary>What a rule has to say besides its proposals: why it did not, or what people should know.</summary>
/// <param name="Workload">By name; null: about a GPU or the node.</param>
internal sealed record RuleRemark(Verdict Verdict, string? Workload, int? Gpu, Lever? Lever, Reason Reason);
