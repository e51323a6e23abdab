using Headroom.Model;
using Headroom.Policies.Tests;
using Headroom.Policies.Yaml;

namespace Headroom.Run.Trials.Situations;

/// <summary>One thing that is not as expected.</summary>
/// <param name="Step">From 1.</param>
/// <param name="After">Since the test began.</param>
/// <param name="Workload">Null: about the situation itself.</param>
/// <param name="Got">In the words of expectations.</param>
/// <param name="Why">Reasons of what was got.</param>
internal sealed record Mismatch(Place At, int Step, TimeSpan After, string? Workload, string Expected, string Got, IReadOnlyList<Reason> Why);

/// <summary>Plays a test: each second a look, the planner with every rule at its own pace, and a hand that obeys at once.</summary>
internal static class SituationPlay
{
    public static IReadOnlyList<Mismatch> Run(PolicyTest test, Policy policy, CancellationToken stop = default)
    {
        var situation = new Situation(test, policy);
        var hand = new IdealHand(situation);
        var decide = PlannerDecider.New();
        var pace = new RulePace();
        var mismatches = new List<Mismatch>();
        var after = TimeSpan.Zero;
        for (var i = 0; i < test.Steps.Count; i++)
        {
            var step = test.Steps[i];
            situation.Declare(step.Workloads);
            var impulses = new List<Impulse>();
            Plan? plan = null;
            for (var at = TimeSpan.Zero; at < step.For; at += TrialSetup.Tick)
            {
                stop.ThrowIfCancellationRequested();
                if (situation.Impossible() is { } words)
                    return [.. mismatches, new Mismatch(step.At, i + 1, after, null, "a server that can be", words, [])];
                plan = decide(situation.Look(policy, hand.State), policy, pace.Due(policy.Rules, situation.Now));
                impulses.AddRange(plan.Impulses);
                hand.Obey(plan);
                situation.Pass();
                after += TrialSetup.Tick;
            }
            foreach (var workload in test.Workloads)
                if (new PlanCheck(step, plan!, impulses, workload.Name).Judge() is var (expected, got, why, place))
                    mismatches.Add(new Mismatch(place, i + 1, after, workload.Name, expected, got, why));
        }
        return mismatches;
    }
}
