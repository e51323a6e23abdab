using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Run.Trials;

/// <summary>What a trial decides by: the planner, or a plan written by hand.</summary>
/// <param name="due">Rules to be judged anew.</param>
internal delegate Plan Decider(NodeSnapshot snapshot, Policy policy, IReadOnlyList<RuleName> due);

/// <summary>A simulated server under a policy for a while.</summary>
internal sealed record TrialSetup(Scenario Scenario, Policy Policy, TimeSpan Length)
{
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    public long Seed { get; init; } = 1;
    /// <summary>What else happens on the server, before each tick; the time is since the start of the trial.</summary>
    public Action<World, TimeSpan>? Meanwhile { get; init; }
    /// <summary>Wall clock at the first tick.</summary>
    public DateTimeOffset StartsAt { get; init; } = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
}
