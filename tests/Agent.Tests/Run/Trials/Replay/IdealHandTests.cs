using Headroom.Model;
using Headroom.Run.Trials.Replay;

namespace Headroom.Tests.Run.Trials.Replay;

public sealed class IdealHandTests
{
    private static readonly DateTimeOffset Nine = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly WorkloadId Batch = new("batch", new string('b', 64), Nine);
    private static readonly Reason Why = new("trial", new Dictionary<string, ReasonValue>());

    [Fact]
    public void A_hold_is_as_old_as_its_lever_and_ends_with_the_wish()
    {
        var hand = new IdealHand(ActState.Nothing);
        hand.Apply(Wanting(RunLimit.AtShare(0.5)), Nine);
        hand.Apply(Wanting(RunLimit.AtShare(0.3)), Nine.AddSeconds(1));
        Assert.Equal((Lever.Share, 0.3, Nine), (hand.State.Holds[0].Lever, hand.State.Holds[0].Share, hand.State.Holds[0].Since));

        hand.Apply(Wanting(RunLimit.Paused), Nine.AddSeconds(2));
        Assert.Equal((Lever.Pause, Nine.AddSeconds(2)), (hand.State.Holds[0].Lever, hand.State.Holds[0].Since));

        hand.Apply(Empty, Nine.AddSeconds(3));
        Assert.Empty(hand.State.Holds);
    }

    [Fact]
    public void What_is_only_told_is_not_done()
    {
        var hand = new IdealHand(ActState.Nothing);
        hand.Apply(Wanting(RunLimit.Paused, Mode.Recommend), Nine);
        hand.Apply(Restarting(Mode.Observe), Nine);
        Assert.Empty(hand.State.Holds);
        Assert.Empty(hand.State.Impulses);
    }

    [Fact]
    public void A_restart_is_done_once_and_remembered_for_a_week()
    {
        var hand = new IdealHand(ActState.Nothing);
        hand.Apply(Restarting(Mode.Enforce), Nine);
        hand.Apply(Restarting(Mode.Enforce), Nine.AddSeconds(1));
        Assert.Equal(Nine, Assert.Single(hand.State.Impulses).At);

        hand.Apply(Empty, Nine.AddDays(8));
        Assert.Empty(hand.State.Impulses);
    }

    private static Plan Empty => new() { Seq = 1, SnapshotSeq = 1, PolicyHash = "test" };

    private static Plan Wanting(RunLimit limit, Mode mode = Mode.Enforce) =>
        Empty with { Wanted = [new Wanted(Batch, mode, new WantedRun(limit, RuleName.LatencyGuard, Why, default), [])] };

    private static Plan Restarting(Mode mode) => Empty with { Impulses = [new Impulse(Batch, ImpulseKind.Restart, RuleName.Fragmentation, "once", mode, Why)] };
}
