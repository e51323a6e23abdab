using CsCheck;
using Headroom.Act.Hands;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Tests.Act.Hands;

/// <summary>What one hand never does, whatever is wanted, held and seen.</summary>
public sealed class NextStepProperties
{
    private const int Cases = 20_000;
    private static readonly MonoTime Now = new(TimeSpan.FromSeconds(1000));
    private static readonly DateTimeOffset Wall = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private static readonly WorkloadId Id = new("batch", new string('b', 64), Wall);
    private static readonly WorkloadId NextLife = Id with { StartedAt = Wall.AddMinutes(1) };
    private static readonly Reason Why = PlannerReasons.GivenBack.With(("workload", "batch"));

    private static readonly Gen<RunLimit> Limits = Gen.OneOf(
        Gen.Const(RunLimit.Free), Gen.Double[0.05, 0.95].Select(RunLimit.AtShare), Gen.Const(RunLimit.Paused), Gen.Const(RunLimit.Asleep), Gen.Const(RunLimit.Stopped));

    private static readonly Gen<ContainerState> States = Gen.OneOf(Gen.Const(ContainerState.Running), Gen.Const(ContainerState.Running), Gen.Const(ContainerState.Paused), Gen.Const(ContainerState.Exited), Gen.Const(ContainerState.Restarting));

    private static readonly Gen<Desired> Wishes =
        from limit in Limits
        from wanted in Gen.Bool
        from mode in Gen.OneOf(Gen.Const(Mode.Observe), Gen.Const(Mode.Recommend), Gen.Const(Mode.Enforce), Gen.Const(Mode.Enforce))
        from state in States
        from seen in Gen.Frequency((5, Gen.Const(true)), (1, Gen.Const(false)))
        from sameLife in Gen.Frequency((4, Gen.Const(true)), (1, Gen.Const(false)))
        from onlyKeep in Gen.Frequency((3, Gen.Const(false)), (1, Gen.Const(true)))
        from settled in Gen.Bool
        from impulse in Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true)))
        select new Desired(
            seen ? new WorkloadSnapshot { Container = Container(sameLife ? Id : NextLife, state), Policy = new WorkloadPolicy { Managed = true, Mode = mode } } : null,
            wanted ? new WantedRun(limit, RuleName.LatencyGuard, Why, Now) : null,
            impulse ? [new Impulse(Id, ImpulseKind.Restart, RuleName.Fragmentation, "k", mode, Why)] : [],
            mode, new Policy { Hash = "x" }, 1, Now, null, null, null, onlyKeep, settled, true);

    private static readonly Gen<HandMemory> Memories =
        from lever in Gen.OneOf(Gen.Const(Lever.Share), Gen.Const(Lever.Pause), Gen.Const(Lever.Sleep), Gen.Const(Lever.Stop))
        from share in Gen.OneOf(Gen.Const(0.0), Gen.Double[0.05, 0.95])
        from held in Gen.Bool
        from left in Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true)))
        from resting in Gen.OneOf(Gen.Const(Lever.Share), Gen.Const(Lever.Pause), Gen.Const(Lever.Stop), Gen.Const(Lever.Cap))
        from later in Gen.Bool
        select new HandMemory
        {
            Run = held ? new Hold(Id, lever, RuleName.LatencyGuard, lever == Lever.Share ? share : 0, null, null, Wall) : null,
            LeftToPeople = left,
            Rests = new Dictionary<Lever, (int, MonoTime)> { [resting] = (1, later ? Now + TimeSpan.FromSeconds(5) : Now) },
        };

    private static ContainerSample Container(WorkloadId id, ContainerState state) =>
        new() { Id = id, ContainerName = "batch", Image = "x", State = state };

    private static void Each(Action<Desired, HandMemory, Step?> check) =>
        Gen.Select(Wishes, Memories).Sample((desired, memory) => check(desired, memory, NextStep.Of(desired, memory, Now)), iter: Cases);

    [Fact]
    public void Nothing_new_is_taken_while_something_is_held() => Each((_, memory, step) =>
        Assert.False(step is Step.Take or Step.Do && memory.Run is not null));

    [Fact]
    public void Nothing_new_without_a_guard_against_a_person_in_observe_or_of_a_container_that_is_not_seen() => Each((desired, memory, step) =>
    {
        if (step is Step.Take or Step.Do)
            Assert.True(!memory.LeftToPeople && desired.Mode >= Mode.Recommend && desired.Seen is not null
                // What is only told needs no guard.
                && (!desired.OnlyKeep || desired is { Mode: Mode.Recommend, IsSettled: true }));
    });

    [Fact]
    public void What_is_not_wanted_any_more_is_given_back_or_looked_at_at_once_but_for_what_outlived_a_start() => Each((desired, memory, step) =>
    {
        if (memory.Run is { } held && (desired.Limit == RunLimit.Free || desired.Mode < Mode.Enforce && (held.IsCompute || !desired.OnlyKeep) || memory.LeftToPeople))
            Assert.True(step is Step.GiveBack or Step.Look || !held.IsCompute && !desired.IsSettled);
    });

    [Fact]
    public void A_compute_hold_never_stays_where_no_guard_watches() => Each((desired, memory, step) =>
    {
        // Without a guard the node's mode is recommend at most: see NodeLoop.
        if (memory.Run is { IsCompute: true } && desired is { OnlyKeep: true, Mode: < Mode.Enforce })
            Assert.True(step is Step.GiveBack or Step.Look);
    });

    [Fact]
    public void A_lever_that_rests_is_left_alone() => Each((_, memory, step) =>
    {
        if (step is Step.Take take)
            Assert.True(memory.MayTry(take.Lever, Now));
        if (step is Step.Do impulse)
            Assert.True(memory.MayTry(impulse.Impulse.Lever, Now));
    });

    [Fact]
    public void What_does_not_fit_what_is_held_is_looked_at_before_anything_else() => Each((desired, memory, step) =>
    {
        if (memory.Run is { } held && desired.Seen is { } seen && !seen.Container.Id.IsSameLife(held.Workload))
            Assert.IsType<Step.Look>(step);
        if (memory.Run is { Lever: Lever.Pause } && desired.Seen?.Container.State == ContainerState.Running)
            Assert.IsType<Step.Look>(step);
    });

    [Fact]
    public void A_pause_that_failed_is_replaced_by_standing_still_through_the_freezer_until_it_may_be_tried_again()
    {
        var desired = new Desired(
            new WorkloadSnapshot { Container = Container(Id, ContainerState.Running), Policy = new WorkloadPolicy { Managed = true, Mode = Mode.Enforce } },
            new WantedRun(RunLimit.Paused, RuleName.TurnTaking, Why, Now), [], Mode.Enforce, new Policy { Hash = "x" }, 1, Now, null, null, null, false, true, true);
        var failed = new HandMemory { Rests = new Dictionary<Lever, (int, MonoTime)> { [Lever.Pause] = (1, Now + TimeSpan.FromSeconds(1)) } };
        Assert.Equal(Lever.Share, Assert.IsType<Step.Take>(NextStep.Of(desired, failed, Now)).Lever);

        var still = failed with { Run = new Hold(Id, Lever.Share, RuleName.TurnTaking, 0, null, null, Wall) };
        Assert.Null(NextStep.Of(desired, still, Now));
        Assert.IsType<Step.GiveBack>(NextStep.Of(desired, still, Now + TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void Other_shares_only_adjust() => Gen.Select(Gen.Double[0.05, 0.9], Gen.Double[0.05, 0.9]).Sample((held, wanted) =>
    {
        var desired = new Desired(
            new WorkloadSnapshot { Container = Container(Id, ContainerState.Running), Policy = new WorkloadPolicy { Managed = true, Mode = Mode.Enforce } },
            new WantedRun(RunLimit.AtShare(wanted), RuleName.LatencyGuard, Why, Now), [], Mode.Enforce, new Policy { Hash = "x" }, 1, Now, null, null, null, false, true, true);
        var step = NextStep.Of(desired, new HandMemory { Run = new Hold(Id, Lever.Share, RuleName.LatencyGuard, held, null, null, Wall) }, Now);
        if (step is not null)
            Assert.Equal(wanted, Assert.IsType<Step.Adjust>(step).Share);
        else
            Assert.InRange(Math.Abs(held - wanted), 0, 0.005);
    }, iter: 10_000);
}
