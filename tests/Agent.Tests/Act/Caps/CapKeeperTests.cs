using Headroom.Act.Caps;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Policies;
using Headroom.Testing;

namespace Headroom.Tests.Act.Caps;

/// <summary>Through the whole reconciler, with caps that only stand in a book; what they do is shown on real containers.</summary>
public sealed class CapKeeperTests
{
    private const long GiB = 1L << 30;

    private static readonly Reason Why = PlannerReasons.GivenBack.With(("workload", "w"));
    private static readonly WorkloadId A = new("a", new string('a', 64), ActingStandIn.Started);
    private static readonly WorkloadId B = new("b", new string('b', 64), ActingStandIn.Started);

    private Policy _policy = PolicyLoader.None with { Mode = Mode.Enforce };
    private int _seq;

    [Fact]
    public async Task A_cap_is_set_moved_and_lifted_with_the_plan()
    {
        await using var acting = Start();
        await TickUntil(acting, () => acting.Caps.InForce.GetValueOrDefault((A.InstanceId, 0)) == 4 * GiB, (A, 4 * GiB));
        await TickUntil(acting, () => Assert.Single(acting.Reconciler.State.Holds) is { Lever: Lever.Cap, CapBytes: 4 * GiB, Gpu: 0, Undo.Kind: UndoKind.LiftCap }, (A, 4 * GiB));
        await TickUntil(acting, () => acting.Caps.InForce.GetValueOrDefault((A.InstanceId, 0)) == 6 * GiB, (A, 6 * GiB));
        await TickUntil(acting, () => acting.Caps.InForce.IsEmpty && acting.Reconciler.State.Holds.Count == 0);
    }

    [Fact]
    public async Task What_grows_waits_until_what_shrinks_beside_it_has_shrunk()
    {
        await using var acting = Start();
        await TickUntil(acting, () => acting.Caps.InForce.Count == 2, (A, 6 * GiB), (B, 2 * GiB));
        acting.Caps.Broken = new CapAnswer(CapResult.Failed, "the driver hangs");
        await TickUntil(acting, () => acting.Reconciler.State.Holds.Any(h => h.Stuck == "the driver hangs"), (A, 3 * GiB), (B, 5 * GiB));
        Assert.DoesNotContain(acting.Caps.Sets, s => s.Bytes == 5 * GiB);
        acting.Caps.Broken = null;
        await TickUntil(acting, () => acting.Caps.InForce.GetValueOrDefault((B.InstanceId, 0)) == 5 * GiB, (A, 3 * GiB), (B, 5 * GiB));
        var sets = acting.Caps.Sets.Select(s => s.Bytes).ToList();
        Assert.True(sets.LastIndexOf(3 * GiB) < sets.IndexOf(5 * GiB));
    }

    [Fact]
    public async Task A_container_that_nothing_can_cap_is_told_of_once_and_not_held()
    {
        await using var acting = Start();
        acting.Caps.Impossible = "it does not carry the library";
        var told = new List<Outcome>();
        await TickUntil(acting, () =>
        {
            told.AddRange(acting.Reconciler.TakeOutcomes());
            return told.Count > 0 && acting.Reconciler.State.Caps is [{ Backend: CapBackend.Watch }];
        }, (A, GiB));
        for (var i = 0; i < 20; i++)
            Tick(acting, (A, GiB));
        told.AddRange(acting.Reconciler.TakeOutcomes());
        Assert.Contains("it does not carry the library", Assert.Single(told).Evidence, StringComparison.Ordinal);
        Assert.Empty(acting.Caps.Sets);
        Assert.Empty(acting.Reconciler.State.Holds);
    }

    [Fact]
    public async Task A_person_who_releases_a_workload_is_obeyed_until_the_plan_wants_no_cap_of_it()
    {
        await using var acting = Start();
        await TickUntil(acting, () => acting.Caps.InForce.Count == 1, (A, GiB));
        acting.Reconciler.Obey(new AgentCommand.Release("a"));
        await TickUntil(acting, () => acting.Caps.InForce.IsEmpty && acting.Reconciler.State is { Holds: [], LeftToPeople: ["a"] }, (A, GiB));
        await TickUntil(acting, () => acting.Reconciler.State.LeftToPeople.Count == 0);
        await TickUntil(acting, () => acting.Caps.InForce.Count == 1, (A, GiB));
    }

    [Fact]
    public async Task A_cap_that_was_there_before_comes_back()
    {
        await using var acting = Start();
        acting.Caps.InForce[(A.InstanceId, 0)] = 7 * GiB;
        await TickUntil(acting, () => acting.Caps.InForce[(A.InstanceId, 0)] == GiB, (A, GiB));
        await TickUntil(acting, () => acting.Caps.InForce[(A.InstanceId, 0)] == 7 * GiB && acting.Reconciler.State.Holds.Count == 0);
    }

    [Fact]
    public async Task A_cap_that_somebody_else_set_meanwhile_is_left_to_them()
    {
        await using var acting = Start();
        await TickUntil(acting, () => acting.Caps.InForce.Count == 1, (A, GiB));
        acting.Caps.InForce[(A.InstanceId, 0)] = 3 * GiB;
        await TickUntil(acting, () => acting.Reconciler.State.Holds.Count == 0);
        Assert.Equal(3 * GiB, acting.Caps.InForce[(A.InstanceId, 0)]);
    }

    [Fact]
    public async Task A_set_that_failed_is_tried_again_and_taken_for_nobodys_hand()
    {
        await using var acting = Start();
        acting.Caps.Broken = new CapAnswer(CapResult.Failed, "the driver hangs");
        await TickUntil(acting, () => acting.Reconciler.State.Holds.Any(h => h.Stuck == "the driver hangs"), (A, GiB));
        acting.Caps.Broken = null;
        await TickUntil(acting, () => acting.Caps.InForce.Count == 1 && acting.Reconciler.State is { Holds: [{ Stuck: null }], LeftToPeople: [] }, (A, GiB));
    }

    [Fact]
    public async Task One_that_may_not_be_capped_keeps_no_other_from_growing()
    {
        await using var acting = Start();
        acting.Labels[B.InstanceId] = new Dictionary<string, string>();
        await TickUntil(acting, () => acting.Caps.InForce.GetValueOrDefault((A.InstanceId, 0)) == 4 * GiB, (A, 4 * GiB), (B, GiB));
        await TickUntil(acting, () => acting.Caps.InForce.GetValueOrDefault((A.InstanceId, 0)) == 6 * GiB, (A, 6 * GiB), (B, GiB));
        Assert.DoesNotContain(acting.Caps.Sets, s => s.Id == B.InstanceId);
    }

    [Fact]
    public async Task A_guard_that_is_gone_for_a_while_lifts_no_cap()
    {
        await using var acting = Start();
        await TickUntil(acting, () => acting.Caps.InForce.Count == 1, (A, GiB));
        acting.HasGuard = false;
        await TickUntil(acting, () => acting.Reconciler.State.Limited is not null, (A, GiB));
        for (var i = 0; i < 5; i++)
            Tick(acting, Mode.Recommend, (A, GiB));
        acting.HasGuard = true;
        // The tick that sees it again was still decided while it was gone.
        Tick(acting, Mode.Recommend, (A, GiB));
        await TickUntil(acting, () => acting.Reconciler.State.Limited is null, (A, GiB));
        Assert.All(acting.Caps.Sets, s => Assert.Equal(GiB, s.Bytes));
        Assert.Single(acting.Reconciler.State.Holds);
    }

    [Fact]
    public async Task A_policy_that_no_longer_enforces_lifts_caps_also_without_a_guard()
    {
        await using var acting = Start();
        await TickUntil(acting, () => acting.Caps.InForce.Count == 1, (A, GiB));
        acting.HasGuard = false;
        _policy = _policy with { Mode = Mode.Recommend };
        await Eventually.TrueAsync(() =>
        {
            Tick(acting, Mode.Recommend, (A, GiB));
            return acting.Caps.InForce.IsEmpty;
        }, TimeSpan.FromSeconds(30));
    }

    private static ActingStandIn Start()
    {
        var acting = new ActingStandIn();
        foreach (var id in new[] { A, B })
            acting.Labels[id.InstanceId] = new Dictionary<string, string> { ["headroom.enable"] = "true" };
        return acting;
    }

    private Task TickUntil(ActingStandIn acting, Func<bool> seen, params (WorkloadId Id, long Bytes)[] caps) => Eventually.TrueAsync(() =>
    {
        Tick(acting, caps);
        return seen();
    }, TimeSpan.FromSeconds(30));

    private void Tick(ActingStandIn acting, params (WorkloadId Id, long Bytes)[] caps) => Tick(acting, Mode.Enforce, caps);

    private void Tick(ActingStandIn acting, Mode mode, params (WorkloadId Id, long Bytes)[] caps)
    {
        var plan = new Plan
        {
            Seq = ++_seq, SnapshotSeq = _seq, PolicyHash = "x",
            Wanted = [.. caps.Select(c => new Wanted(c.Id, mode, null, [new WantedCap(0, c.Bytes, RuleName.VramCaps, Why)]))],
        };
        var held = caps.Length > 0 ? caps.Select(c => c.Id) : [A, B];
        var snapshot = new NodeSnapshot
        {
            Seq = _seq, WallAt = ActingStandIn.Started, Mono = new MonoTime(TimeSpan.FromSeconds(_seq)), Node = "n", Mode = Mode.Enforce,
            Gpus = [new GpuSample { Identity = new GpuIdentity(0, "GPU-0", "x", null, null, null, false), Health = GpuHealth.Ok, At = default }],
            Workloads = [.. held.Select(id => new WorkloadSnapshot
            {
                Container = new ContainerSample { Id = id, ContainerName = id.Name, Image = "i", State = ContainerState.Running },
                Policy = new WorkloadPolicy { Managed = true, Mode = Mode.Enforce },
            })],
            Act = acting.Reconciler.State,
            Health = [new SourceHealth("containers", true, null, null, 1, 0, default, null)],
        };
        acting.Reconciler.Apply(plan, snapshot, _policy);
    }
}
