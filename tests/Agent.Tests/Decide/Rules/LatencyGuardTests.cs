using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;

namespace Headroom.Tests.Decide.Rules;

public sealed class LatencyGuardTests
{
    private readonly TestNode _node = new();
    private readonly TestWorkload _vip;
    private readonly TestWorkload _batch;
    private readonly TestWorkload _innocent;

    public LatencyGuardTests()
    {
        _vip = _node.Add("vip", Priority.Critical).P95(0.2);
        _batch = _node.Add("batch", Priority.Batch);
        _innocent = _node.Add("other", Priority.Batch);
        Calm(60);
    }

    [Fact]
    public void While_the_model_is_fast_nothing_is_held()
    {
        var plan = Calm(60);
        Assert.Empty(plan.Wanted);
        Assert.Empty(plan.Decisions);
    }

    [Fact]
    public void The_neighbour_that_rose_is_blamed_and_held_and_the_innocent_one_is_not()
    {
        _batch.Sm = 0.7;
        var plan = Slow(4);
        var held = Assert.Single(plan.Wanted);
        Assert.Equal("batch", held.Workload.Name);
        Assert.Equal(RunState.Share, held.Run!.Limit.State);
        Assert.Equal(GuardReasons.CutBySm.Code, held.Run.Reason.Code);
        Assert.Matches(@"^held batch at \d+ %: vip p95 \d+ ms > 200 ms for \d s; blamed: SM \+\d\d points$", held.Run.Reason.Sentence());
        var blame = Assert.Single(plan.Blames);
        Assert.Equal(("batch", true), (blame.Neighbours[0].Workload, blame.Neighbours[0].Guilty));
        Assert.DoesNotContain(blame.Neighbours, n => n.Workload == "other" && n.Guilty);
        Assert.Contains(plan.Decisions, d => d.Workload == "other" && d.Verdict == Verdict.Refuse && d.Reason.Code == GuardReasons.Innocent.Code);
    }

    [Fact]
    public void When_nobody_rose_all_below_give_way()
    {
        var plan = Slow(4);
        Assert.Equal(["batch", "other"], plan.Wanted.Select(w => w.Workload.Name));
        Assert.All(plan.Wanted, w => Assert.Equal(GuardReasons.CutAll.Code, w.Run!.Reason.Code));
    }

    [Fact]
    public void A_model_that_completes_nothing_has_its_neighbours_down_to_the_floor_in_four_seconds_and_suspended_soon()
    {
        _batch.Sm = 1;
        _vip.Running = 3;
        Plan plan = null!;
        var states = new List<ThrottleState>();
        for (var i = 0; i < 12; i++)
        {
            _node.Obey(plan = _node.Tick());
            states.Add(plan.States.GetValueOrDefault("batch"));
        }
        Assert.True(states.IndexOf(ThrottleState.Throttled) is >= 0 and <= 5, string.Join(" ", states));
        Assert.Equal(ThrottleState.Suspended, states[^1]);
        Assert.Equal(RunLimit.Paused, plan.Wanted.Single(w => w.Workload.Name == "batch").Run!.Limit);
    }

    [Fact]
    public void A_model_that_answers_one_of_many_now_and_then_has_its_neighbours_down_as_if_it_answered_none()
    {
        _batch.Sm = 1;
        _vip.Running = 1;
        // So slow already that the seconds between two answers are no stall beside it.
        _vip.Answers(5, 3.9);
        Plan plan = null!;
        for (var i = 1; i <= 12; i++)
        {
            _vip.Waiting = 5 * i;
            if (i % 3 == 0)
                _vip.Answers(1, 3.9);
            _node.Obey(plan = _node.Tick());
        }
        Assert.Equal(RunLimit.Paused, plan.Wanted.Single(w => w.Workload.Name == "batch").Run!.Limit);
        Assert.Contains(plan.Wanted, w => w.Workload.Name == "other");
    }

    [Fact]
    public void A_burst_of_long_requests_that_are_answered_in_time_takes_nothing()
    {
        _vip.P95(30);
        Calm(60);
        (_vip.Running, _vip.Waiting) = (60, 6);
        for (var i = 0; i < 20; i++)
            Assert.Empty(_node.Tick().Wanted);
        (_vip.Running, _vip.Waiting) = (6, 0);
        _vip.Answers(60, 20);
        Assert.Empty(_node.Tick().Wanted);
    }

    [Fact]
    public void Who_is_seen_a_moment_after_another_that_came_with_it_is_no_less_guilty()
    {
        _batch.Sm = 0.5;
        Slow(2);
        var late = _node.Add("late", Priority.Batch);
        late.Sm = 0.5;
        var plan = Slow(3);
        Assert.Equal(["batch", "late"], plan.Wanted.Select(w => w.Workload.Name));
        Assert.Equal(["batch", "late"], plan.Blames.Single().Neighbours.Where(n => n.Guilty).Select(n => n.Workload).Order());
    }

    [Fact]
    public void An_idle_model_gives_all_back_within_thirty_seconds()
    {
        Slow(20);
        _vip.Running = 0;
        for (var i = 0; i < 45; i++)
            _node.Obey(_node.Tick());
        Assert.Empty(_node.Tick().Wanted);
    }

    [Fact]
    public void After_the_pressure_the_share_comes_back_slowly_and_never_while_it_lasts()
    {
        _batch.Sm = 0.7;
        Slow(5);
        var before = Share("batch");
        Assert.InRange(before, 0.1, 0.51);
        Calm(30);
        Assert.True(Share("batch") <= before + 0.004 * 31, $"{before} -> {Share("batch")}");
        Assert.Empty(Calm(300).Wanted);
    }

    [Fact]
    public void No_latency_no_new_hold_and_what_is_held_comes_back_after_a_minute()
    {
        _batch.Sm = 0.7;
        Slow(3);
        Assert.NotEmpty(_node.Tick().Wanted);
        _vip.Unreadable = true;
        var share = Share("batch");
        for (var i = 0; i < 50; i++)
            _node.Obey(_node.Tick());
        Assert.Equal(share, Share("batch"));
        for (var i = 0; i < 50; i++)
            _node.Obey(_node.Tick());
        Assert.Empty(_node.Tick().Wanted);
    }

    [Fact]
    public void Pressure_that_stays_with_all_below_held_is_not_their_fault()
    {
        var seen = new List<Decision>();
        for (var i = 0; i < 120; i++)
        {
            var plan = Slow(1);
            seen.AddRange(plan.Decisions.Where(d => d.IsNew));
        }
        Assert.Contains(seen, d => d.Reason.Code == GuardReasons.Suspended.Code);
        Assert.Contains(seen, d => d.Reason.Code == GuardReasons.OwnLoad.Code && d.Verdict == Verdict.Note);
        Assert.Empty(Slow(1).Wanted);
    }

    [Fact]
    public void Nobody_of_equal_or_higher_priority_is_touched_and_the_refusal_says_so()
    {
        _batch.Priority = Priority.Critical;
        _batch.Sm = 0.9;
        _innocent.Priority = Priority.Standard;
        _innocent.Yields = Yields.Never;
        var plan = Slow(4);
        Assert.Empty(plan.Wanted);
        Assert.Contains(plan.Decisions, d => d.Workload == "batch" && d.Reason.Code == GuardReasons.BlamedButNotBelow.Code);
    }

    [Fact]
    public void What_is_not_opted_in_is_told_and_left_alone()
    {
        _batch.Managed = false;
        _batch.Sm = 0.9;
        _innocent.Managed = false;
        var plan = Slow(4);
        Assert.Empty(plan.Wanted);
        Assert.Contains(plan.Decisions, d => d is { Verdict: Verdict.Refuse, Workload: "batch" } && d.Reason.Code == PlannerReasons.NotOptedIn.Code);
    }

    [Fact]
    public void A_workload_on_another_card_has_nothing_to_do_with_it()
    {
        _node.Cards[1] = 80L << 30;
        _batch.Gpus = [1];
        _batch.Sm = 1;
        var plan = Slow(4);
        Assert.Equal(["other"], plan.Wanted.Select(w => w.Workload.Name));
    }

    [Fact]
    public void A_slow_answer_now_and_then_within_what_the_SLO_allows_takes_nothing()
    {
        for (var i = 0; i < 600; i++)
        {
            _vip.Running = 1;
            _vip.Answers(5, 0.1);
            if (i % 20 == 0)
                _vip.Answers(1, 0.5);
            Assert.Empty(_node.Tick().Wanted);
        }
    }

    [Fact]
    public void Who_stands_aside_by_a_gate_is_not_asked_for_more_but_a_gate_that_is_off_protects_nobody()
    {
        _batch.Yields = _innocent.Yields = Yields.Gate;
        _vip.Activity = new WorkloadActivity(ActivityConfidence.High, 1, 0.5, _node.Now);
        var gated = Slow(6);
        Assert.Equal(2, gated.Yields.Count);
        Assert.Empty(gated.Wanted);

        _node.Policy = _node.Policy with { Hash = "gate off", Rules = new RulesPolicy { Gate = new GateSettings { Enabled = false } } };
        var shared = Slow(6);
        Assert.Empty(shared.Yields);
        Assert.NotEmpty(shared.Wanted);
    }

    [Fact]
    public void A_gate_that_may_not_be_is_none()
    {
        _batch.Yields = Yields.Gate;
        _batch.Sm = 0.9;
        _vip.Activity = new WorkloadActivity(ActivityConfidence.High, 1, 0.5, _node.Now);
        _node.Act = _node.Act with { Ineffective = [new IneffectiveLever("batch", Lever.Gate)] };
        var plan = Slow(4);
        Assert.Empty(plan.Yields);
        Assert.Contains(plan.Wanted, w => w.Workload.Name == "batch");
    }

    [Fact]
    public void A_floor_of_nothing_does_not_keep_it_from_being_paused()
    {
        _batch.Floor = _innocent.Floor = 0;
        Assert.Contains(Slow(60).Wanted, w => w.Run!.Limit.State == RunState.Paused);
    }

    [Fact]
    public void Whoever_was_paused_runs_again_when_the_model_bears_it_also_near_its_limit()
    {
        Assert.Contains(Slow(60).Wanted, w => w.Run!.Limit.State == RunState.Paused);
        Assert.DoesNotContain(Live(400, 5, 0.17).Wanted, w => w.Run!.Limit.State == RunState.Paused);
    }

    [Fact]
    public void What_a_person_paused_is_left_alone_and_keeps_nobody_else_held()
    {
        _innocent.State = ContainerState.Paused;
        var seen = new List<Decision>();
        for (var i = 0; i < 150; i++)
            seen.AddRange(Slow(1).Decisions.Where(d => d.IsNew));
        Assert.DoesNotContain(seen, d => d.Workload == "other" && d.Verdict == Verdict.Move);
        Assert.Contains(seen, d => d.Reason.Code == GuardReasons.OwnLoad.Code);
    }

    private double Share(string name) => _node.Memory.Guard.Throttled.GetValueOrDefault(name)?.Share ?? 1;

    private Plan Calm(int seconds) => Live(seconds, 5, 0.1);

    private Plan Slow(int seconds) => Live(seconds, 5, 0.4);

    private Plan Live(int seconds, int requests, double latency)
    {
        Plan plan = null!;
        for (var i = 0; i < seconds; i++)
        {
            _vip.Running = 1;
            _vip.Answers(requests, latency);
            _node.Obey(plan = _node.Tick());
        }
        return plan;
    }
}
