using CsCheck;
using Headroom.Act;
using Headroom.Act.Caps;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Tests.Act.Caps;

public sealed class CapStepsProperties
{
    private static readonly DateTimeOffset Wall = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private static readonly Reason Why = PlannerReasons.GivenBack.With(("workload", "w"));

    /// <summary>One container on one of two GPUs: what is held of it and what is wanted.</summary>
    private sealed record One(int Gpu, long? Held, bool HeldInThisLife, long? Wanted, Mode Mode, bool Seen, bool Runs, bool LeftToPeople);

    private static readonly Gen<One> Ones =
        from gpu in Gen.Int[0, 1]
        from held in Gen.OneOf(Gen.Const((long?)null), Gen.Long[1, 5].Select(b => (long?)b))
        from life in Gen.Frequency((5, Gen.Const(true)), (1, Gen.Const(false)))
        from wanted in Gen.OneOf(Gen.Const((long?)null), Gen.Long[1, 5].Select(b => (long?)b))
        from mode in Gen.Frequency((5, Gen.Const(Mode.Enforce)), (1, Gen.Const(Mode.Recommend)), (1, Gen.Const(Mode.Observe)))
        from seen in Gen.Frequency((8, Gen.Const(true)), (1, Gen.Const(false)))
        from runs in Gen.Frequency((8, Gen.Const(true)), (1, Gen.Const(false)))
        from left in Gen.Frequency((8, Gen.Const(false)), (1, Gen.Const(true)))
        select new One(gpu, held, life, wanted, mode, seen, runs, left);

    private static readonly Gen<(One[] Ones, bool OnlyKeep, bool IsSettled, bool DockerAnswers)> Cases =
        Gen.Select(Ones.Array[0, 6], Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true))), Gen.Bool, Gen.Bool);

    private static WorkloadId Id(int i, bool thisLife = true) => new($"w{i}", $"{i}".PadLeft(64, '0'), thisLife ? Wall : Wall.AddHours(-1));

    private static (PlanWish Wish, List<Hold> Holds, List<string> Left) Of((One[] Ones, bool OnlyKeep, bool IsSettled, bool DockerAnswers) c)
    {
        var (ones, onlyKeep, settled, answers) = c;
        var workloads = ones.Select((one, i) => (one, i)).Where(e => e.one.Seen).Select(e => new WorkloadSnapshot
        {
            Container = new ContainerSample { Id = Id(e.i), ContainerName = "c", Image = "i", State = e.one.Runs ? ContainerState.Running : ContainerState.Exited },
            Policy = new WorkloadPolicy { Managed = true, Mode = e.one.Mode },
        }).ToList();
        var wanted = ones.Select((one, i) => (one, i)).Where(e => e.one.Wanted is not null)
            .Select(e => new Wanted(Id(e.i), e.one.Mode, null, [new WantedCap(e.one.Gpu, e.one.Wanted!.Value, RuleName.VramCaps, Why)])).ToList();
        var snapshot = new NodeSnapshot { Seq = 1, WallAt = Wall, Mono = default, Node = "n", Mode = Mode.Enforce, Workloads = workloads };
        var holds = ones.Select((one, i) => (one, i)).Where(e => e.one.Held is not null)
            .Select(e => new Hold(Id(e.i, e.one.HeldInThisLife), Lever.Cap, RuleName.VramCaps, 1, e.one.Gpu, e.one.Held, Wall) { Id = e.i + 1 }).ToList();
        var left = ones.Select((one, i) => (one, i)).Where(e => e.one.LeftToPeople).Select(e => $"w{e.i}").ToList();
        return (new PlanWish(new Plan { Seq = 1, SnapshotSeq = 1, PolicyHash = "x", Wanted = wanted }, snapshot, new Policy { Hash = "x", Mode = Mode.Enforce }, onlyKeep, settled, answers), holds, left);
    }

    [Fact]
    public void Whatever_shrinks_comes_before_whatever_grows() => Cases.Sample(c =>
    {
        var (wish, holds, left) = Of(c);
        var grows = CapSteps.Of(wish, holds, left, []).OfType<CapStep.Set>().Select(s => s.Grows).ToList();
        Assert.Equal(grows.Order(), grows);
    }, iter: 10_000);

    [Fact]
    public void Nothing_new_while_Act_may_only_keep_what_it_holds() => Cases.Sample(c =>
    {
        var (wish, holds, left) = Of(c with { OnlyKeep = true });
        Assert.DoesNotContain(CapSteps.Of(wish, holds, left, []), step => step is CapStep.Set { Held: null });
    }, iter: 10_000);

    [Fact]
    public void A_plan_made_while_Act_was_limited_ends_no_hold_that_the_policy_wants() => Cases.Sample(c =>
    {
        // Limited, the planner says recommend whatever the policy says.
        var (wish, holds, left) = Of(c with { OnlyKeep = true, IsSettled = true, DockerAnswers = true });
        var told = wish with { Plan = wish.Plan with { Wanted = [.. wish.Plan.Wanted.Select(w => w with { Mode = Mode.Recommend })] } };
        Assert.Equal(
            CapSteps.Of(wish, holds, left, []).Where(s => s is not CapStep.Set).ToList(), CapSteps.Of(told, holds, left, []).Where(s => s is not CapStep.Set).ToList());
    }, iter: 10_000);

    [Fact]
    public void What_a_person_took_back_is_not_taken_again() => Cases.Sample(c =>
    {
        var (wish, holds, left) = Of(c);
        Assert.DoesNotContain(CapSteps.Of(wish, holds, left, []).OfType<CapStep.Set>(), s => left.Contains(s.Workload.Name));
    }, iter: 10_000);

    [Fact]
    public void A_hold_that_nobody_wants_any_more_goes_once_enough_was_seen() => Cases.Sample(c =>
    {
        var (wish, holds, left) = Of(c with { OnlyKeep = false, IsSettled = true, DockerAnswers = true });
        var steps = CapSteps.Of(wish, holds, left, []);
        foreach (var hold in holds)
        {
            var wanted = wish.Plan.Wanted.FirstOrDefault(w => w.Workload.IsSameLife(hold.Workload) && w.Mode == Mode.Enforce);
            var runs = wish.Snapshot.Workloads.Any(w => w.Container.Id.IsSameLife(hold.Workload) && w.Container.Runs);
            var stays = wanted is not null && runs && !left.Contains(hold.Workload.Name);
            Assert.Equal(stays ? 0 : 1, steps.Count(s => s is CapStep.Drop d && d.Hold == hold || s is CapStep.GiveBack g && g.Hold == hold));
        }
    }, iter: 10_000);

    [Fact]
    public void Done_once_there_is_nothing_more_to_do() => Cases.Sample(c =>
    {
        var (wish, holds, left) = Of(c);
        var steps = CapSteps.Of(wish, holds, left, []);
        var after = holds.Where(h => !steps.Any(s => s is CapStep.Drop d && d.Hold == h || s is CapStep.GiveBack g && g.Hold == h)).ToList();
        foreach (var set in steps.OfType<CapStep.Set>().Where(s => s.Mode == Mode.Enforce))
        {
            after.RemoveAll(h => h == set.Held);
            after.RemoveAll(h => h.Workload.InstanceId == set.Workload.Container.Id.InstanceId && h.Gpu == set.Gpu);
            after.Add(new Hold(set.Workload.Container.Id, Lever.Cap, set.Cap.Rule, 1, set.Gpu, set.Cap.Bytes, Wall));
        }
        Assert.DoesNotContain(CapSteps.Of(wish, after, left, []), s => s is not CapStep.Set { Mode: < Mode.Enforce } && !(s is CapStep.Set { Held: null } && c.Ones.Any(o => !o.HeldInThisLife)));
    }, iter: 10_000);
}
