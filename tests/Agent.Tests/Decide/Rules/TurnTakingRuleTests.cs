using CsCheck;
using Headroom.Decide;
using Headroom.Decide.Rules;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Tests.Decide.Rules;

public class TurnTakingRuleTests
{
    private static readonly GroupUse Group = new("trainers");

    private static GroupNode Node(params string[] names)
    {
        var node = new GroupNode(new Headroom.Decide.Rules.TurnTakingRule());
        foreach (var name in names)
            node.Add(name, p => p with { Group = Group });
        return node;
    }

    private static string[] Waiting(RuleOutput output) => [.. output.Proposals.Cast<RunProposal>().Select(p => p.Workload.Name).Order(StringComparer.Ordinal)];

    [Fact]
    public void One_runs_for_a_quantum_and_then_the_next_by_name()
    {
        var node = Node("a", "b", "c");
        Assert.Equal(["b", "c"], Waiting(node.TickFor(30)));
        Assert.Equal(["a", "c"], Waiting(node.TickFor(30)));
        Assert.Equal(["a", "b"], Waiting(node.TickFor(30)));
        Assert.Equal(["b", "c"], Waiting(node.TickFor(30)));
    }

    [Fact]
    public void Who_waits_is_told_for_whom_and_how_long()
    {
        var node = Node("a", "b");
        node.Tick(10);
        var proposal = Assert.Single(node.Tick().Proposals);
        Assert.Equal("b waits: in group trainers it is the turn of a for 20 s more", proposal.Reason.Sentence());
        Assert.Equal("b 等待：组 trainers 中当前轮到 a，还剩 20 秒", proposal.Reason.Sentence(Language.Chinese));
        Assert.Equal(RunLimit.Paused, ((RunProposal)proposal).Limit);
    }

    [Fact]
    public void Without_work_a_turn_ends_early_and_the_idle_one_is_left_alone()
    {
        var node = Node("a", "b", "c");
        node["a"].Sm = Reading.Fresh(0.0, node.Now);
        Assert.Equal(["b", "c"], Waiting(node.TickFor(10)));
        Assert.Equal(["c"], Waiting(node.TickFor(3)));

        node["a"].Sm = Reading.Fresh(0.8, node.Now);
        Assert.Equal(["a", "c"], Waiting(node.Tick()));
    }

    [Fact]
    public void Whose_use_is_unknown_counts_as_working()
    {
        var node = Node("a", "b");
        node["a"].Sm = Reading.Unsupported<double>(node.Now);
        Assert.Equal(["b"], Waiting(node.TickFor(29)));
        Assert.Equal(["a"], Waiting(node.TickFor(2)));
    }

    [Fact]
    public void One_that_rests_is_not_frozen_because_its_reading_is_lost()
    {
        var node = Node("a", "b");
        node["a"].Sm = Reading.Fresh(0.0, node.Now);
        Assert.Empty(Waiting(node.TickFor(15)));
        node["a"].Sm = Reading.Failed<double>(node.Now);
        Assert.Empty(Waiting(node.TickFor(60)));
    }

    [Fact]
    public void Members_on_different_GPUs_do_not_wait_for_each_other()
    {
        var node = Node("a", "b", "c", "d");
        node["c"].Gpus = [1];
        node["d"].Gpus = [1];
        Assert.Equal(["b", "d"], Waiting(node.Tick()));
    }

    [Fact]
    public void In_a_chain_of_neighbours_the_two_ends_run_together()
    {
        var node = Node("a", "b", "c");
        node["b"].Gpus = [0, 1];
        node["c"].Gpus = [1];
        Assert.Equal(["b"], Waiting(node.TickFor(30)));
        Assert.Equal(["a", "c"], Waiting(node.TickFor(30)));
    }

    [Fact]
    public void When_its_holder_exits_the_turn_goes_on_at_once()
    {
        var node = Node("a", "b", "c");
        node.TickFor(5);
        node["a"].State = ContainerState.Exited;
        Assert.Equal(["c"], Waiting(node.Tick()));
    }

    [Fact]
    public void One_that_a_person_paused_is_passed_over_but_not_one_that_shows_our_own_pause_a_moment_too_long()
    {
        var node = Node("a", "b");
        node.TickFor(5);
        node["a"].State = ContainerState.Paused;
        Assert.Equal(["b"], Waiting(node.TickFor(6)));
        Assert.Empty(Waiting(node.TickFor(2)));
    }

    [Fact]
    public void One_that_we_paused_gets_its_turn()
    {
        var node = Node("a", "b");
        node.TickFor(5);
        node["b"].State = ContainerState.Paused;
        node.Hold("b", RuleName.TurnTaking, Lever.Pause);
        Assert.Equal(["a"], Waiting(node.TickFor(30)));
    }

    [Fact]
    public void One_that_another_rule_holds_gets_no_turn_and_blocks_nobody()
    {
        var node = Node("a", "b", "c");
        node.Hold("a", RuleName.BatchWindow, Lever.Pause);
        Assert.Equal(["c"], Waiting(node.Tick()));
    }

    [Fact]
    public void One_that_another_rule_wants_paused_gets_no_turn_either()
    {
        var node = Node("a", "b", "c");
        var wish = new RunProposal(RuleName.BatchWindow, node["a"].Id, TurnTakingReasons.Waits.With(), RunLimit.Paused);
        node.Memory = PlannerMemory.Empty with
        {
            Standing = new Dictionary<RuleName, Standing> { [RuleName.BatchWindow] = new([wish], [], node.Now + TimeSpan.FromMinutes(1)) },
        };
        Assert.Equal(["c"], Waiting(node.Tick()));
    }

    [Fact]
    public void A_critical_one_is_never_frozen_for_a_turn()
    {
        var node = Node("a", "b");
        node["a"].Policy = node["a"].Policy with { Priority = Priority.Critical };
        var output = node.Tick();
        Assert.Empty(output.Proposals);
        Assert.Equal("HR1702", Assert.Single(output.Remarks).Reason.Code);
    }

    [Fact]
    public void While_the_card_does_not_answer_all_run()
    {
        var node = Node("a", "b");
        node.TickFor(5);
        node.Health = GpuHealth.Stale;
        var output = node.Tick();
        Assert.Empty(output.Proposals);
        Assert.Equal("HR1703", Assert.Single(output.Remarks).Reason.Code);
    }

    [Fact]
    public void Only_equals_take_turns_with_each_other()
    {
        var node = Node("a", "b");
        node["a"].Policy = node["a"].Policy with { Priority = Priority.Standard };
        Assert.Empty(Waiting(node.Tick()));
    }

    private static readonly Gen<(int[] Gpus, int Quantum, int[] Events)> Days =
        Gen.Select(Gen.Int[0, 1].Array[1, 4], Gen.Int[2, 5], Gen.Int[0, 30].Array[5, 20]);

    [Fact]
    public void Always_exactly_one_of_those_with_work_on_a_card_runs() => Days.Sample(
        day =>
        {
            var node = Random(day.Gpus, day.Quantum);
            foreach (var e in day.Events)
            {
                Disturb(node, e);
                var waiting = Waiting(node.Tick()).ToHashSet();
                foreach (var circle in node.Members.Where(m => m.State == ContainerState.Running).GroupBy(m => m.Gpus[0]))
                {
                    var members = node.Memory.Turns.Members;
                    Assert.All(circle.Where(m => waiting.Contains(m.Name)), m => Assert.Contains(circle, r => members[r.Name].HasTurn));
                    var free = circle.Count(m => !waiting.Contains(m.Name) && (members[m.Name].QuietSince is not { } q || node.Now - q < TimeSpan.FromSeconds(day.Quantum / 3.0)));
                    Assert.True(free <= 1, $"{free} run at once");
                    Assert.True(circle.Any(m => !waiting.Contains(m.Name)), "all wait");
                }
            }
        }, iter: 10_000);

    [Fact]
    public void Whoever_has_work_runs_within_members_times_the_quantum() => Days.Sample(
        day =>
        {
            var node = Random(day.Gpus, day.Quantum);
            // A quantum ends with the first tick after it: one second each.
            var bound = day.Gpus.Length * (day.Quantum + 1);
            var waited = day.Gpus.Select((_, i) => $"m{i}").ToDictionary(n => n, _ => 0);
            for (var second = 0; second < 2 * bound + 2; second++)
            {
                var waiting = Waiting(node.Tick());
                foreach (var name in waited.Keys)
                    waited[name] = waiting.Contains(name) ? waited[name] + 1 : 0;
                Assert.All(waited, w => Assert.True(w.Value <= bound, $"{w.Key} waited {w.Value} s"));
            }
        }, iter: 10_000);

    [Fact]
    public void The_same_days_give_the_same_turns() => Days.Sample(
        day =>
        {
            var (one, other) = (Random(day.Gpus, day.Quantum), Random(day.Gpus, day.Quantum));
            foreach (var e in day.Events)
            {
                Disturb(one, e);
                Disturb(other, e);
                Assert.Equal(one.Tick().Proposals, other.Tick().Proposals);
            }
        }, iter: 10_000);

    private static GroupNode Random(int[] gpus, int quantum)
    {
        var node = new GroupNode(new Headroom.Decide.Rules.TurnTakingRule(), new Policy
        {
            Hash = "test", Rules = new RulesPolicy { TurnTaking = new RulesPolicy().TurnTaking with { Quantum = TimeSpan.FromSeconds(quantum) } },
        });
        for (var i = 0; i < gpus.Length; i++)
            node.Add($"m{i}", p => p with { Group = Group }).Gpus = [gpus[i]];
        return node;
    }

    // Some member stops, starts, runs dry or finds work again.
    private static void Disturb(GroupNode node, int e)
    {
        var member = node.Members.ElementAt(e % node.Members.Count);
        if (e < 6)
            member.State = member.State == ContainerState.Running ? ContainerState.Exited : ContainerState.Running;
        else if (e < 12)
            member.Sm = member.Sm.Value > 0 ? Reading.Fresh(0.0, node.Now) : Reading.Fresh(0.7, node.Now);
        else if (e == 12)
            member.Sm = Reading.Failed<double>(node.Now);
    }
}
