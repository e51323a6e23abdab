using Headroom.Model;
using Headroom.Run.Trials;

namespace Headroom.Tests.Run.Trials;

public sealed class SimulatedTrialTests
{
    private static readonly Policy Policy = MeasuredScenario.Policy(TimeSpan.FromSeconds(1), Yields.Gate);
    private static readonly TrialSetup Hour = new(MeasuredScenario.Create(1, TimeSpan.Zero), Policy, TimeSpan.FromHours(1));

    [Fact]
    public void The_gate_keeps_the_latency_and_gives_batch_nearly_all_the_idle_time()
    {
        var arms = new MeasuredTable { Length = TimeSpan.FromHours(4) }.Run(gapCv: 1).ToDictionary(arm => arm.Name);

        var gate = arms["gate (yields: gate)"];
        Assert.True(gate.P95OverIsolated <= 1.15, gate.Row());
        Assert.True(gate.BatchOverIdle >= 0.85, gate.Row());
        Assert.True(arms["fixed share 25 %"].P95OverIsolated > gate.P95OverIsolated, arms["fixed share 25 %"].Row());
        Assert.True(arms["unmanaged"].P95OverIsolated > 2, arms["unmanaged"].Row());
    }

    [Fact]
    public void Two_trials_of_the_same_setup_are_the_same()
    {
        var one = SimulatedTrial.Run(Hour, FixedPlans.Share(MeasuredScenario.Batch, 0.3));
        var two = SimulatedTrial.Run(Hour, FixedPlans.Share(MeasuredScenario.Batch, 0.3));

        Assert.Equal(one.Server(MeasuredScenario.Critical).Requests, two.Server(MeasuredScenario.Critical).Requests);
        Assert.Equal(one.Batch, two.Batch);
    }

    [Fact]
    public void A_decision_is_in_force_at_once_and_in_the_next_snapshot()
    {
        var snapshots = new List<NodeSnapshot>();
        var share = FixedPlans.Share(MeasuredScenario.Batch, 0.3);
        var result = SimulatedTrial.Run(Hour with { Length = TimeSpan.FromSeconds(5) }, (snapshot, policy, due) =>
        {
            snapshots.Add(snapshot);
            return snapshot.Seq < 3 ? FixedPlans.Nothing(snapshot, policy, due) : share(snapshot, policy, due);
        });

        Assert.Equal([1, 1, 0.3, 0.3, 0.3], result.Ticks.Select(tick => tick.Workloads[MeasuredScenario.Batch].RunFraction));
        Assert.Equal([0, 0, 0, 1, 1], snapshots.Select(snapshot => snapshot.Act.Holds.Count));
        Assert.Equal(1, result.Moves);
        Assert.Equal(0.3, result.BatchOf(MeasuredScenario.Batch).LeastShare);
        Assert.All(snapshots, snapshot => Assert.Equal(
            ActivityConfidence.High, snapshot.Workloads.Single(w => w.Name == MeasuredScenario.Critical).Activity!.Confidence));
    }

    [Fact]
    public void Rules_are_due_as_often_as_they_say()
    {
        var due = new Dictionary<RuleName, int>();
        var policy = Policy with { Rules = new RulesPolicy { TurnTaking = new() { Enabled = false } } };
        SimulatedTrial.Run(Hour with { Policy = policy, Length = TimeSpan.FromMinutes(2) }, (snapshot, p, rules) =>
        {
            foreach (var rule in rules)
                due[rule] = due.GetValueOrDefault(rule) + 1;
            return FixedPlans.Nothing(snapshot, p, rules);
        });

        Assert.Equal((120, 60, 24, 2), (due[RuleName.LatencyGuard], due[RuleName.VramCaps], due[RuleName.Scale], due[RuleName.Fragmentation]));
        Assert.DoesNotContain(RuleName.TurnTaking, due.Keys);
    }

    [Fact]
    public void The_wall_clock_of_the_snapshots_is_that_of_the_trial()
    {
        DateTimeOffset? first = null;
        SimulatedTrial.Run(Hour with { Length = TimeSpan.FromSeconds(1) }, (snapshot, policy, due) =>
        {
            first ??= snapshot.WallAt;
            return FixedPlans.Nothing(snapshot, policy, due);
        });

        Assert.Equal(Hour.StartsAt + TrialSetup.Tick, first);
    }
}
