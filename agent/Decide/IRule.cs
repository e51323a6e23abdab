using Headroom.Model;

namespace Headroom.Decide;

/// <summary>One rule. Pure: the same input and memory give the same output.</summary>
internal interface IRule
{
    RuleName Name { get; }

    /// <summary>What it wants now, whole: what it does not propose any more is given back.</summary>
    RuleOutput Judge(RuleInput input, PlannerMemory memory);
}

/// <summary>What a rule sees.</summary>
/// <param name="Near">Who shares which GPU.</param>
internal sealed record RuleInput(NodeSnapshot Snapshot, Policy Policy, Neighbourhood Near)
{
    public MonoTime Now => Snapshot.Mono;
    public DateTimeOffset Wall => Snapshot.WallAt;
}

/// <param name="Memory">With the rule's own slice replaced; the others untouched.</param>
internal sealed record RuleOutput(PlannerMemory Memory, IReadOnlyList<Proposal> Proposals, IReadOnlyList<RuleRemark> Remarks);
