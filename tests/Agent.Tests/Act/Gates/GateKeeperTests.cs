using Headroom.Act.Freezing;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Policies;
using Headroom.Testing;

namespace Headroom.Tests.Act.Gates;

/// <summary>Through the whole reconciler, with a freezer that only keeps a book; what gates do is shown on real containers.</summary>
public sealed class GateKeeperTests
{
    private static readonly Reason Why = PlannerReasons.GivenBack.With(("workload", "w"));
    private static readonly WorkloadId Batch = new("batch", new string('b', 64), ActingStandIn.Started);
    private static readonly WorkloadId Server = new("server", new string('c', 64), ActingStandIn.Started);

    private readonly Policy _policy = PolicyLoader.None with { Mode = Mode.Enforce };
    private Mode _mode = Mode.Enforce;
    private int _seq;

    [Fact]
    public async Task A_gate_is_taken_once_and_given_back_with_the_plan()
    {
        await using var acting = Start();
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Holds is [{ Lever: Lever.Gate, Undo.Kind: UndoKind.WriteIfOurs, Share: 0.1 }]);
        for (var i = 0; i < 20; i++)
            Tick(acting, wanted: true);
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Gates is [{ Via: GateVia.Freezer }]);
        Assert.Equal([$"yield {Batch.InstanceId}"], acting.Freezer.Calls);
        await TickUntil(acting, wanted: false, () => acting.Reconciler.State.Holds.Count == 0);
        Assert.Equal([$"yield {Batch.InstanceId}", $"ungate {Batch.InstanceId}"], acting.Freezer.Calls);
    }

    [Fact]
    public async Task Below_enforce_it_is_told_once_and_nothing_is_touched()
    {
        await using var acting = Start();
        _mode = Mode.Recommend;
        var told = new List<Outcome>();
        await TickUntil(acting, wanted: true, () =>
        {
            told.AddRange(acting.Reconciler.TakeOutcomes());
            return told.Count > 0;
        });
        for (var i = 0; i < 20; i++)
            Tick(acting, wanted: true);
        told.AddRange(acting.Reconciler.TakeOutcomes());
        Assert.Equal(OutcomeResult.DryRun, Assert.Single(told).Result);
        Assert.Empty(acting.Freezer.Calls);
        Assert.Equal(0, acting.JournalRecords);
    }

    [Fact]
    public async Task When_the_guard_is_gone_the_gate_is_given_back()
    {
        await using var acting = Start();
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Holds.Count == 1);
        acting.HasGuard = false;
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Holds.Count == 0);
        Assert.Contains($"ungate {Batch.InstanceId}", acting.Freezer.Calls);
    }

    [Fact]
    public async Task A_person_who_takes_the_gate_away_is_obeyed_until_the_plan_wants_none()
    {
        await using var acting = Start();
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Holds.Count == 1);
        acting.Reconciler.Obey(new AgentCommand.Release("batch"));
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State is { Holds: [], LeftToPeople: ["batch"] });
        await TickUntil(acting, wanted: false, () => acting.Reconciler.State.LeftToPeople.Count == 0);
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Holds.Count == 1);
    }

    [Fact]
    public async Task What_cannot_stand_behind_a_gate_is_told_and_breaks_nothing()
    {
        await using var acting = Start();
        acting.Gathers = "it has put all its processes into cgroups of its own";
        var told = new List<Outcome>();
        await TickUntil(acting, wanted: true, () =>
        {
            told.AddRange(acting.Reconciler.TakeOutcomes());
            return told.Count > 0;
        });
        Assert.Equal(OutcomeResult.Refused, Assert.Single(told).Result);
        Assert.Null(acting.Reconciler.State.Breaker);
        Assert.Empty(acting.Reconciler.State.Holds);
        Assert.Empty(acting.Freezer.Calls);
    }

    [Fact]
    public async Task A_gate_that_does_not_close_is_given_back()
    {
        await using var acting = Start();
        acting.Freezer.Broken = new FreezeAnswer(false, "not all tasks stood still", TimeSpan.Zero);
        await TickUntil(acting, wanted: true, () => acting.Freezer.Calls.Contains($"ungate {Batch.InstanceId}"));
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Holds.Count == 0);
    }

    [Fact]
    public async Task One_that_the_freezer_has_lost_is_taken_anew()
    {
        await using var acting = Start();
        await TickUntil(acting, wanted: true, () => acting.Reconciler.State.Holds.Count == 1 && acting.Freezer.Books.Count == 1);
        acting.Freezer.Books.Clear();
        await TickUntil(acting, wanted: true, () => acting.Freezer.Books.Count == 1);
        Assert.Single(acting.Reconciler.State.Holds);
    }

    private static ActingStandIn Start()
    {
        var acting = new ActingStandIn();
        acting.Labels[Batch.InstanceId] = new Dictionary<string, string> { ["headroom.enable"] = "true", ["headroom.priority"] = "batch" };
        return acting;
    }

    private void Tick(ActingStandIn acting, bool wanted)
    {
        _seq++;
        var batch = new WorkloadSnapshot
        {
            Container = new ContainerSample { Id = Batch, ContainerName = "batch", Image = "i", State = ContainerState.Running, Labels = acting.Labels[Batch.InstanceId] },
            Policy = new WorkloadPolicy { Managed = true, Mode = Mode.Enforce, Priority = Priority.Batch, Yields = Yields.Gate },
        };
        var relation = new YieldRelation(Batch, [Server], 0, TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.Zero, 0.1, _mode, Why);
        acting.Reconciler.Apply(
            new Plan { Seq = _seq, SnapshotSeq = _seq, PolicyHash = "x", Yields = wanted ? [relation] : [] },
            new NodeSnapshot
            {
                Seq = _seq, WallAt = ActingStandIn.Started, Mono = new MonoTime(TimeSpan.FromSeconds(_seq)), Node = "n", Mode = _mode, Workloads = [batch],
                Health = [new SourceHealth("containers", true, null, null, 1, 0, default, null)],
            },
            _policy);
    }

    private Task TickUntil(ActingStandIn acting, bool wanted, Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        Tick(acting, wanted);
        return condition();
    }, TimeSpan.FromSeconds(20));
}
