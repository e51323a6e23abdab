using Headroom.Export.Notify;
using Headroom.Model;
using Headroom.Tests.Support;

namespace Headroom.Tests.Export.Notify;

/// <summary>What people are told of a tick, and what not.</summary>
public sealed class NoticeBookTests
{
    private readonly TestNode _node = new();
    private readonly NoticeBook _book = new();
    private IReadOnlyList<string> _problems = [];

    private IReadOnlyList<Notice> Tick(params Outcome[] outcomes) =>
        _book.Of(new NodeView(_node.Snapshot(), new PolicyStatus("h", [], Mode.Enforce, TestNode.Start) { Problems = _problems }, new SelfStatus("1", "c", TestNode.Start, Mode.Enforce, false)), outcomes);

    private static Outcome Step(StepKind step, Lever lever, OutcomeResult result, Mode mode = Mode.Enforce) =>
        new(1, TestNode.Start, new WorkloadId("batch", "id", TestNode.Start), step, lever, RuleName.LatencyGuard, result, "seen", TimeSpan.Zero) { Mode = mode };

    [Fact]
    public void A_hold_that_is_taken_and_given_back_is_told()
    {
        Assert.Equal(NoticeKind.Held, Assert.Single(Tick(Step(StepKind.Take, Lever.Share, OutcomeResult.Done))).Kind);
        Assert.Equal(NoticeKind.GivenBack, Assert.Single(Tick(Step(StepKind.GiveBack, Lever.Share, OutcomeResult.Done))).Kind);
        Assert.Equal(NoticeKind.Done, Assert.Single(Tick(Step(StepKind.Impulse, Lever.Restart, OutcomeResult.Done))).Kind);
    }

    [Theory]
    [InlineData("Failed")]
    [InlineData("Unknown")]
    [InlineData("Unverified")]
    [InlineData("Ineffective")]
    public void A_step_that_did_not_work_is_told_with_what_was_seen(string result)
    {
        var notice = Assert.Single(Tick(Step(StepKind.Take, Lever.Cap, Enum.Parse<OutcomeResult>(result))));
        Assert.Equal((NoticeKind.Failed, "seen"), (notice.Kind, notice.Evidence));
    }

    [Fact]
    public void Caps_that_move_steps_that_may_not_be_and_what_is_only_recommended_are_not_told()
    {
        Assert.Empty(Tick(Step(StepKind.Take, Lever.Cap, OutcomeResult.Done), Step(StepKind.Take, Lever.Share, OutcomeResult.Refused), Step(StepKind.Drop, Lever.Share, OutcomeResult.Done)));
        Assert.Empty(Tick(Step(StepKind.Take, Lever.Share, OutcomeResult.Done, Mode.Recommend)));
    }

    [Fact]
    public void The_breaker_a_stuck_hold_and_a_bad_policy_are_told_once_and_again_when_they_are_over()
    {
        var hold = new Hold(new WorkloadId("batch", "id", TestNode.Start), Lever.Stop, RuleName.TurnTaking, 0, null, null, TestNode.Start);
        Assert.Empty(Tick());
        _node.Act = ActState.Nothing with { Breaker = "3 failed", Holds = [hold with { Stuck = "no VRAM" }] };
        _problems = ["p.yaml:1: wrong", "p.yaml:2: wrong"];
        Assert.Equal([NoticeKind.Stuck, NoticeKind.BreakerOpened, NoticeKind.PolicyRefused], Tick().Select(n => n.Kind));
        Assert.Empty(Tick());
        (_node.Act, _problems) = (ActState.Nothing, []);
        Assert.Equal([NoticeKind.BreakerReset, NoticeKind.PolicyTaken], Tick().Select(n => n.Kind));
    }
}
