using System.Text.Json;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run.Records;
using Headroom.Run.Trials.Replay;
using Headroom.Tests.Run.Records;

namespace Headroom.Tests.Run.Trials.Replay;

public sealed class TickReplayTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private readonly RecordsFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Ticks => _folder.At("ticks");

    private Policy Policy(string mode, string more = "") => RecordedRun.Load(_folder.At($"{mode}.yaml"), RecordedRun.PolicyText(mode) + more);

    private static string Json(Plan plan) => JsonSerializer.Serialize(plan, ApiJson.Default.Plan);

    private ReplayReport Replay(IEnumerable<TickRecord> ticks, Policy candidate, Policy? against = null) =>
        new TickReplay(new RecordedPolicies(Path.Combine(Ticks, "policies")), against, candidate).Run(ticks, _ => { }, TestContext.Current.CancellationToken);

    [Theory]
    [InlineData("enforce")]
    [InlineData("observe")]
    public void The_recorded_policy_decides_again_what_it_decided(string mode)
    {
        var made = RecordedRun.Make(Ticks, Policy(mode), Long);
        Assert.Contains(made, plan => !plan.IsEmpty);

        // As it lies beside the ticks.
        var recorded = new RecordedPolicies(Path.Combine(Ticks, "policies"));
        var again = new PolicyOnTrial();
        var plans = RecordedRun.Read(Ticks).Select(tick => again.Decide(tick, recorded.Of(tick.PolicyHash), PolicyLoader.None, TimeSpan.FromSeconds(1)));

        Assert.Equal(made.Select(Json), plans.Select(Json));
    }

    [Fact]
    public void A_policy_that_says_the_same_in_other_words_decides_the_same_moves()
    {
        RecordedRun.Make(Ticks, Policy("enforce"), Long);

        var report = Replay(RecordedRun.Read(Ticks), Policy("enforce", "\n# the same"));

        Assert.NotEqual(report.Base.Policies, report.New.Policies);
        Assert.Equal(report.Base.Actions, report.New.Actions);
        Assert.Equal(report.Base.Workloads.Select(w => w.HeldSeconds), report.New.Workloads.Select(w => w.HeldSeconds));
    }

    [Fact]
    public void A_policy_that_protects_nobody_holds_nobody_and_the_readings_stay_as_they_were()
    {
        RecordedRun.Make(Ticks, Policy("observe"), Long);

        var report = Replay(RecordedRun.Read(Ticks), Policy("enforce", "\nrules: { latencyGuard: off, gate: off }"));

        Assert.False(report.Closed);
        Assert.Equal(120, report.Ticks);
        Assert.Equal(120, report.New.Seconds);
        Assert.Contains(report.Base.Actions, a => a is { Rule: RuleName.LatencyGuard, Moves: > 0 });
        Assert.DoesNotContain(report.New.Actions, a => a.Rule == RuleName.LatencyGuard);
        Assert.True(Of(report.Base, "nightly-embedding").HeldSeconds > 0);
        Assert.Equal(0, Of(report.New, "nightly-embedding").HeldSeconds);
        Assert.Equal(Of(report.Base, "recommender").Slos, Of(report.New, "recommender").Slos);
        Assert.True(Of(report.New, "recommender").Slos[0].AboveSeconds > 0);
    }

    [Fact]
    public void Another_slo_is_judged_on_the_recorded_latency()
    {
        RecordedRun.Make(Ticks, Policy("observe"), Long);
        var looser = RecordedRun.Load(_folder.At("loose.yaml"), RecordedRun.PolicyText("observe").Replace("40ms", "10s", StringComparison.Ordinal));

        var report = Replay(RecordedRun.Read(Ticks), looser);

        // In both columns: the readings are the same, whoever decides.
        foreach (var arm in (ReplayArm[])[report.Base, report.New])
        {
            var slos = Of(arm, "recommender").Slos.ToDictionary(slo => slo.TargetSeconds);
            Assert.True(slos[0.04].AboveSeconds > 0, $"{slos[0.04]}");
            Assert.Equal((0, slos[0.04].KnownSeconds), (slos[10].AboveSeconds, slos[10].KnownSeconds));
        }
    }

    [Fact]
    public void An_agent_that_began_anew_begins_anew_in_the_replay()
    {
        RecordedRun.Make(Ticks, Policy("enforce"), TimeSpan.FromMinutes(1));
        var life = RecordedRun.Read(Ticks).ToList();
        // The steady clock of the machine goes on, the agent's ticks count from 1 again.
        var next = life.Select(tick => tick with { Snapshot = tick.Snapshot with { Mono = tick.Snapshot.Mono + TimeSpan.FromSeconds(90), WallAt = tick.Snapshot.WallAt.AddSeconds(90) } });

        var once = Replay(life, Policy("enforce", "\n# new"));
        var twice = Replay(life.Concat(next), Policy("enforce", "\n# new"));

        Assert.Equal(once.New.Actions.Select(a => a with { Moves = a.Moves * 2, Releases = a.Releases * 2, Refusals = a.Refusals * 2 }), twice.New.Actions);
        Assert.Equal(120, twice.New.Seconds);
        Assert.Contains(twice.Remarks, remark => remark.Contains("gaps (1)", StringComparison.Ordinal));
        Assert.DoesNotContain(once.Remarks, remark => remark.Contains("gaps", StringComparison.Ordinal));
    }

    [Fact]
    public void A_recorded_policy_whose_text_is_gone_is_named_and_another_can_stand_in_for_it()
    {
        RecordedRun.Make(Ticks, Policy("enforce"), TimeSpan.FromSeconds(5));
        Directory.Delete(Path.Combine(Ticks, "policies"), recursive: true);
        var candidate = Policy("observe");

        var error = Assert.Throws<ReplayException>(() => Replay(RecordedRun.Read(Ticks), candidate));

        Assert.Contains("--against", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, Replay(RecordedRun.Read(Ticks), candidate, PolicyLoader.None).Ticks);
    }

    [Fact]
    public void No_ticks_are_no_report() => Assert.Throws<ReplayException>(() => Replay([], PolicyLoader.None));

    private static ReplayedWorkload Of(ReplayArm arm, string workload) => arm.Workloads.Single(w => w.Name == workload);
}
