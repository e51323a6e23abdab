using Headroom.Model;
using Headroom.Simulate;
using Microsoft.Extensions.Time.Testing;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class SimulatedReconcilerTests
{
    private const long GiB = 1L << 30;
    private static readonly Reason Why = new("test", new Dictionary<string, ReasonValue>());

    private readonly FakeTimeProvider _time = new(Nine);
    private readonly SimulatedNode _node;

    public SimulatedReconcilerTests() => _node = new SimulatedNode(OneGpu(Server(0.2, 0.5), HungryBatch()), new SimulationOptions(), _time);

    [Theory]
    [InlineData(RunState.Share, 0.3, Lever.Share)]
    [InlineData(RunState.Paused, 0, Lever.Pause)]
    [InlineData(RunState.Asleep, 0, Lever.Sleep)]
    [InlineData(RunState.Stopped, 0, Lever.Stop)]
    internal void What_is_wanted_is_held_and_what_is_no_longer_wanted_is_given_back(RunState state, double share, Lever lever)
    {
        Apply(Run("batch", new RunLimit(state, share)));

        var hold = Assert.Single(_node.Reconciler.State.Holds);
        Assert.Equal(("batch", lever, share), (hold.Workload.Name, hold.Lever, hold.Share));
        Assert.NotEqual((true, false, 1.0), Batch(b => (b.Alive, b.Asleep, b.RunFraction)));

        Apply();
        Pass(TimeSpan.FromMinutes(1));

        Assert.Empty(_node.Reconciler.State.Holds);
        Assert.Equal((true, true, false, 1.0), Batch(b => (b.Alive, b.Ready, b.Asleep, b.RunFraction)));
    }

    [Fact]
    public void Any_order_of_wishes_ends_where_the_last_one_says()
    {
        RunLimit[] limits = [RunLimit.Free, RunLimit.AtShare(0.2), RunLimit.AtShare(0.7), RunLimit.Paused, RunLimit.Asleep, RunLimit.Stopped];
        var dice = Dice.For(7, "wishes");
        for (var round = 0; round < 2_000; round++)
        {
            var limit = limits[(int)(dice.Unit() * limits.Length)];
            // Twice, a minute apart: a start or a wake takes its time, and the next plan knows the new life.
            for (var tick = 0; tick < 2; tick++)
            {
                Apply(limit.State == RunState.Free ? null : Run("batch", limit));
                Pass(TimeSpan.FromMinutes(1));
            }
            Apply(limit.State == RunState.Free ? null : Run("batch", limit));

            Assert.Equal(
                (limit.State != RunState.Stopped, limit.State == RunState.Asleep, limit.State is RunState.Asleep or RunState.Stopped ? 1 : limit.Share),
                Batch(b => (b.Alive, b.Asleep, b.RunFraction)));
            Assert.Equal(limit.State == RunState.Free ? 0 : 1, _node.Reconciler.State.Holds.Count);
        }
    }

    [Fact]
    public void What_others_hold_is_left_alone()
    {
        _node.Levers.SetRunFraction("batch", 0.5);
        _node.Levers.Stop("server");
        Apply();
        Pass(TimeSpan.FromMinutes(1));
        Apply();

        Assert.Equal(0.5, Batch(b => b.RunFraction));
        Assert.False(_node.Look((world, _) => world["server"].Alive));
    }

    [Fact]
    public void What_others_stopped_is_not_started_when_our_wish_to_stop_it_ends()
    {
        _node.Levers.Stop("batch");
        Apply(Run("batch", RunLimit.Stopped));
        Assert.Empty(_node.Reconciler.State.Holds);
        Apply();

        Assert.False(Batch(b => b.Alive));
    }

    [Theory]
    [InlineData(Mode.Observe)]
    [InlineData(Mode.Recommend)]
    internal void Below_enforce_nothing_is_touched(Mode mode)
    {
        Apply(Run("batch", RunLimit.Stopped) with { Mode = mode, Caps = [new WantedCap(0, GiB, RuleName.VramCaps, Why)] });

        Assert.Empty(_node.Reconciler.State.Holds);
        Assert.Equal((true, null), Batch(b => (b.Alive, b.VramCapBytes)));
    }

    [Fact]
    public void A_plan_for_the_life_before_touches_nothing_of_this_one()
    {
        var stale = Run("batch", RunLimit.Paused);
        _node.Levers.Stop("batch");
        Pass(TimeSpan.FromSeconds(1));
        _node.Levers.Start("batch");
        Apply(stale);

        Assert.Empty(_node.Reconciler.State.Holds);
        Assert.Equal(1, Batch(b => b.RunFraction));
    }

    [Fact]
    public void Holds_end_with_the_life_that_they_held()
    {
        Apply(Run("batch", RunLimit.AtShare(0.3)) with { Caps = [new WantedCap(0, 8 * GiB, RuleName.VramCaps, Why)] });
        Assert.Equal(2, _node.Reconciler.State.Holds.Count);
        _node.Levers.Stop("batch");
        Pass(TimeSpan.FromSeconds(1));
        _node.Levers.Start("batch");
        Apply();

        Assert.Empty(_node.Reconciler.State.Holds);
        Assert.Equal((1.0, null), Batch(b => (b.RunFraction, b.VramCapBytes)));
    }

    [Fact]
    public void A_hold_began_when_its_lever_was_taken_not_when_its_value_changed()
    {
        Apply(Run("batch", RunLimit.AtShare(0.5)));
        var since = _node.Reconciler.State.Holds[0].Since;
        Pass(TimeSpan.FromMinutes(1));
        Apply(Run("batch", RunLimit.AtShare(0.2)));
        Assert.Equal((0.2, since), (_node.Reconciler.State.Holds[0].Share, _node.Reconciler.State.Holds[0].Since));

        Pass(TimeSpan.FromMinutes(1));
        Apply(Run("batch", RunLimit.Paused));
        Assert.Equal(since + TimeSpan.FromMinutes(2), _node.Reconciler.State.Holds[0].Since);
    }

    [Fact]
    public void A_gate_is_put_up_and_taken_down()
    {
        var relation = new YieldRelation(
            Id("batch"), [Id("server")], 0, TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(5), 0.1, Mode.Enforce, Why);
        _node.Reconciler.Apply(Plan() with { Yields = [relation] });
        Assert.Equal(["server"], Batch(b => b.Gate!.Protected));
        Assert.Equal(Lever.Gate, Assert.Single(_node.Reconciler.State.Holds).Lever);

        Apply();
        Assert.Null(Batch(b => b.Gate));
        Assert.Empty(_node.Reconciler.State.Holds);
    }

    [Fact]
    public void An_impulse_is_done_once_and_a_restart_that_freed_nothing_did_not_help()
    {
        var impulse = new Impulse(Id("batch"), ImpulseKind.Restart, RuleName.Fragmentation, "key", Mode.Enforce, Why);
        var pid = Batch(b => b.Pid);
        Pass(TimeSpan.FromSeconds(1));
        _node.Reconciler.Apply(Plan() with { Impulses = [impulse] });
        var restarted = Batch(b => b.Pid);
        Assert.NotEqual(pid, restarted);
        Assert.Null(Assert.Single(_node.Reconciler.State.Impulses).Helped);

        // The same key in a plan that knows the new life.
        _node.Reconciler.Apply(Plan() with { Impulses = [impulse with { Workload = Id("batch") }] });
        Pass(TimeSpan.FromMinutes(5));
        Apply();

        Assert.Equal(restarted, Batch(b => b.Pid));
        Assert.False(Assert.Single(_node.Reconciler.State.Impulses).Helped);
    }

    [Fact]
    public void A_restart_that_freed_a_leak_helped()
    {
        var leaky = Server(0.2, 0.5) with { Memory = new MemorySpec { WeightsBytes = 4 * GiB, LeakBytesPerRequest = 2L << 20 } };
        var node = new SimulatedNode(OneGpu(leaky), new SimulationOptions(), _time);
        var id = node.Workloads.Sweep().Containers[0].Id;
        node.Reconciler.Apply(Plan() with { Impulses = [new Impulse(id, ImpulseKind.Restart, RuleName.Fragmentation, "key", Mode.Enforce, Why)] });
        Pass(TimeSpan.FromMinutes(3));
        node.Reconciler.Apply(Plan());

        Assert.True(Assert.Single(node.Reconciler.State.Impulses).Helped);
    }

    private void Apply(Wanted? wanted = null) => _node.Reconciler.Apply(Plan() with { Wanted = wanted is null ? [] : [wanted] });

    private static Plan Plan() => new() { Seq = 1, SnapshotSeq = 1, PolicyHash = "test" };

    private Wanted Run(string workload, RunLimit limit) =>
        new(Id(workload), Mode.Enforce, new WantedRun(limit, RuleName.LatencyGuard, Why, _time.Mono()), []);

    private WorkloadId Id(string workload) => _node.Workloads.Sweep().Containers.Single(container => container.Name == workload).Id;

    private T Batch<T>(Func<SimulatedWorkload, T> look) => _node.Look((world, _) => look(world["batch"]));

    private void Pass(TimeSpan time)
    {
        _time.Advance(time);
        _node.Look((_, _) => true);
    }
}
