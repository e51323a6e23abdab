using CsCheck;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Policies;
using Headroom.Testing;

namespace Headroom.Tests.Act;

/// <summary>Who did not opt in, and what is only to be told, sees not one call that changes anything, whatever policy and plan say.</summary>
public sealed class NothingIsTouchedProperties
{
    private static readonly Reason Why = PlannerReasons.GivenBack.With(("workload", "w"));

    /// <summary>A container that must not be touched, and why.</summary>
    private enum Untouchable { NoLabel, LabelFalse, Exempt, OnlyRecommend, OwnStack, GlobEntry }

    private sealed record Case(Untouchable Kind, RunLimit Limit, bool Impulse, Mode PlanMode);

    private static readonly Gen<Case> Cases =
        from kind in Gen.Enum<Untouchable>()
        from limit in Gen.OneOf(Gen.Double[0.05, 0.95].Select(RunLimit.AtShare), Gen.Const(RunLimit.Paused), Gen.Const(RunLimit.Asleep), Gen.Const(RunLimit.Stopped))
        from impulse in Gen.Bool
        from mode in Gen.OneOf(Gen.Const(Mode.Enforce), Gen.Const(Mode.Enforce), Gen.Const(Mode.Recommend))
        select new Case(kind, limit, impulse, mode);

    [Fact]
    public async Task Not_one_call_for_containers_that_did_not_opt_in_or_are_only_told()
    {
        await using var acting = new ActingStandIn();
        var policy = PolicyLoader.None with
        {
            Mode = Mode.Enforce,
            Workloads = [new WorkloadEntry { Name = "globbed", Match = new WorkloadMatch(Container: "g*"), Source = "test:1" }],
        };
        var (seq, told) = (0, 0);
        // Batches of containers, each with a plan that wants something of it although the planner would not.
        await Cases.Array[16].SampleAsync(async batch =>
        {
            var plan = new Plan { Seq = ++seq, SnapshotSeq = seq, PolicyHash = "x" };
            var workloads = new List<WorkloadSnapshot>();
            foreach (var one in batch)
            {
                var id = new WorkloadId($"w{seq}", $"{Guid.NewGuid():N}{Guid.NewGuid():N}", ActingStandIn.Started);
                acting.Labels[id.InstanceId] = LabelsOf(one.Kind);
                // Below enforce where the container may only be told of.
                var mode = one.Kind == Untouchable.OnlyRecommend ? Mode.Recommend : one.PlanMode;
                plan = plan with
                {
                    Wanted = [.. plan.Wanted, new Wanted(id, mode, new WantedRun(one.Limit, RuleName.LatencyGuard, Why, default), [new WantedCap(0, 1 << 30, RuleName.VramCaps, Why)])],
                    Yields = [.. plan.Yields, new YieldRelation(id, [new WorkloadId("above", "above", ActingStandIn.Started)], 0, default, default, default, 0, mode, Why)],
                    Impulses = one.Impulse ? [.. plan.Impulses, new Impulse(id, ImpulseKind.Restart, RuleName.Fragmentation, id.InstanceId, mode, Why)] : plan.Impulses,
                };
                workloads.Add(new WorkloadSnapshot
                {
                    Container = new ContainerSample { Id = id, ContainerName = id.Name, Image = "i", State = ContainerState.Running, Labels = LabelsOf(one.Kind) },
                    Policy = new WorkloadPolicy { Managed = true, Mode = Mode.Enforce },
                });
            }
            var snapshot = new NodeSnapshot
            {
                Seq = seq, WallAt = ActingStandIn.Started, Mono = new MonoTime(TimeSpan.FromSeconds(seq)), Node = "n", Mode = Mode.Enforce, Workloads = workloads,
                Gpus = [new GpuSample { Identity = new GpuIdentity(0, "GPU-0", "x", null, null, null, false), Health = GpuHealth.Ok, At = default }],
                Health = [new SourceHealth("containers", true, null, null, 1, 0, default, null)],
            };
            for (var tick = 0; tick < 4; tick++)
                acting.Reconciler.Apply(plan, snapshot, policy);
            // Each wish must have been judged, else "no call" would only mean "no time".
            var judged = 0;
            await Eventually.TrueAsync(() =>
            {
                var outcomes = acting.Reconciler.TakeOutcomes();
                Assert.All(outcomes, o => Assert.True(o.Result is OutcomeResult.Refused or OutcomeResult.DryRun, $"{o.Lever} {o.Result}: {o.Evidence}"));
                judged += outcomes.Select(o => o.Workload.InstanceId).Distinct().Count();
                return judged >= batch.Length;
            }, TimeSpan.FromSeconds(20));
            told += judged;
            acting.Reconciler.Apply(plan with { Wanted = [], Yields = [], Impulses = [] }, snapshot with { Workloads = [] }, policy);
        }, iter: 625, threads: 1);
        Assert.True(told >= 10_000);
        Assert.Empty(acting.Changes);
        Assert.Empty(acting.Freezer.Calls);
        Assert.Empty(acting.Caps.Sets);
        Assert.Equal(0, acting.JournalRecords);
    }

    private static Dictionary<string, string> LabelsOf(Untouchable kind) => kind switch
    {
        Untouchable.LabelFalse => new() { ["headroom.enable"] = "false" },
        Untouchable.Exempt => new() { ["headroom.enable"] = "true", ["headroom.exempt"] = "true" },
        Untouchable.OnlyRecommend => new() { ["headroom.enable"] = "true", ["headroom.mode"] = "recommend" },
        Untouchable.OwnStack => new() { ["headroom.enable"] = "true", ["headroom.role"] = "guard" },
        _ => [],
    };
}
