using Headroom.Model;

namespace Headroom.Policies;

/// <summary>A policy, or all that is wrong with it; never both.</summary>
internal sealed record PolicyResult(Policy? Policy, IReadOnlyList<PolicyProblem> Problems)
{
    public PolicySources Sources { get; init; } = PolicySources.None;
}
