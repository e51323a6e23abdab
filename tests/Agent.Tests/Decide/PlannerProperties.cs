using System.Text.Json;
using CsCheck;
using Headroom.Decide;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;

namespace Headroom.Tests.Decide;

/// <summary>What never happens, whatever the node does.</summary>
public sealed class PlannerProperties
{
    private const int Cases = 10_000;

    /// <summary>How one workload is made.</summary>
    internal sealed record Maker(Priority Priority, bool Managed, bool Exempt, bool HasSlo, int Gpu, Yields Yields, bool MayRestart);

    /// <summary>What happens to one workload for a few ticks.</summary>
    internal sealed record Turn(int Who, int Ticks, int Answers, double Latency, double Sm, bool Readable, bool Seen, double Busy);

    private static readonly Gen<Maker> Makers =
        from priority in Gen.Int[0, 2].Select(i => (Priority)i)
        from managed in Gen.Frequency((8, Gen.Const(true)), (1, Gen.Const(false)))
        from exempt in Gen.Frequency((9, Gen.Const(false)), (1, Gen.Const(true)))
        from slo in Gen.Bool
        from gpu in Gen.Int[0, 1]
        from yields in Gen.Int[0, 2].Select(i => (Yields)i)
        from restart in Gen.Bool
        select new Maker(priority, managed, exempt, slo, gpu, yields, restart);

    private static readonly Gen<Turn> Turns =
        from who in Gen.Int[0, 4]
        from ticks in Gen.Int[1, 8]
        from answers in Gen.Int[0, 30]
        from latency in Gen.Double[0.01, 0.6]
        from sm in Gen.OneOf(Gen.Double[0, 1], Gen.Const(double.NaN))
        from readable in Gen.Frequency((6, Gen.Const(true)), (1, Gen.Const(false)))
        from seen in Gen.Bool
        from busy in Gen.Double[0, 1]
        select new Turn(who, ticks, answers, latency, sm, readable, seen, busy);

    private static readonly Gen<(Maker[] Makers, Turn[] Turns)> Lives = Gen.Select(Makers.Array[1, 5], Turns.Array[1, 8]);

    [Fact]
    public void Nobody_is_held_for_one_of_equal_or_lower_priority_and_nobody_who_did_not_opt_in() => Lives.Sample(life =>
    {
        Live(life, (node, snapshot, plan) =>
        {
            foreach (var wanted in plan.Wanted.Where(w => w.Run is not null))
            {
                var workload = snapshot.Workloads.Single(w => w.Name == wanted.Workload.Name);
                Assert.True(workload.Policy is { Managed: true, Exempt: false });
                Assert.Contains(snapshot.Workloads, other => other.Policy.Protected && other.Policy.Priority > workload.Policy.Priority
                    && node.Workloads.Single(w => w.Name == other.Name).Gpus.Intersect(node.Workloads.Single(w => w.Name == workload.Name).Gpus).Any());
            }
            foreach (var relation in plan.Yields)
            {
                var batch = snapshot.Workloads.Single(w => w.Name == relation.Batch.Name);
                Assert.True(batch.Policy is { Managed: true, Exempt: false, Yields: Yields.Gate });
                Assert.NotEmpty(relation.Protected);
                Assert.All(relation.Protected, p => Assert.True(snapshot.Workloads.Single(w => w.Name == p.Name).Policy.Priority > batch.Policy.Priority));
            }
        });
    }, iter: Cases);

    [Fact]
    public void Every_decision_has_a_reason_that_reads_whole_in_both_languages() => Lives.Sample(life =>
    {
        Live(life, (_, _, plan) =>
        {
            foreach (var reason in plan.Decisions.Select(d => d.Reason).Concat(plan.Wanted.Select(w => w.Run?.Reason).OfType<Reason>()))
                foreach (var language in Enum.GetValues<Language>())
                {
                    var sentence = reason.Sentence(language);
                    Assert.DoesNotContain("?", sentence);
                    Assert.DoesNotContain("{", sentence);
                    Assert.DoesNotContain("NaN", sentence);
                }
        });
    }, iter: Cases);

    [Fact]
    public void The_same_life_gives_the_same_plans() => Lives.Sample(life =>
    {
        var first = new List<string>();
        var second = new List<string>();
        Live(life, (_, _, plan) => first.Add(JsonSerializer.Serialize(plan, ApiJson.Default.Plan)));
        Live(life, (_, _, plan) => second.Add(JsonSerializer.Serialize(plan, ApiJson.Default.Plan)));
        Assert.Equal(first, second);
    }, iter: Cases);

    [Fact]
    public void No_share_grows_while_anybody_above_it_is_known_to_be_too_slow() => Lives.Sample(life =>
    {
        var before = new Dictionary<string, double>();
        Live(life, (node, snapshot, plan) =>
        {
            foreach (var workload in snapshot.Workloads)
            {
                var share = plan.Wanted.FirstOrDefault(w => w.Workload.Name == workload.Name)?.Run?.Limit.Share ?? 1;
                var above = snapshot.Workloads.Where(other => other.Policy.Priority > workload.Policy.Priority && other.Container.Runs
                    && node.Workloads.Single(w => w.Name == other.Name).Gpus.Intersect(node.Workloads.Single(w => w.Name == workload.Name).Gpus).Any()).ToList();
                var slow = above.Exists(other => other.Pressure.Known() > 1 && node.Memory.Guard.Protected[other.Name].ClearedAt is null
                    && !node.Memory.Gate.Pairs.Contains((workload.Name, other.Name)));
                if (slow && workload.Policy.Yields != Yields.Never)
                    Assert.True(share <= before.GetValueOrDefault(workload.Name, 1) + 1e-9, $"{workload.Name}: {before.GetValueOrDefault(workload.Name, 1)} -> {share}");
                before[workload.Name] = share;
            }
        });
    }, iter: Cases);

    [Fact]
    public void While_no_latency_is_known_nothing_new_is_held() => Lives.Sample(life =>
    {
        var before = new Dictionary<string, RunLimit>();
        Live(life, (_, snapshot, plan) =>
        {
            var blind = snapshot.Workloads.Where(w => w.Slos.Count > 0).All(w => w.Pressure.State is not (ReadingState.Fresh or ReadingState.Idle));
            var now = plan.Wanted.Where(w => w.Run is not null).ToDictionary(w => w.Workload.Name, w => w.Run!.Limit);
            if (blind)
                Assert.All(now, held => Assert.True(before.TryGetValue(held.Key, out var then) && held.Value.CompareTo(then) <= 0, $"{held.Key} {held.Value}"));
            before = now;
        });
    }, iter: Cases);

    [Fact]
    public void In_steady_input_the_decisions_come_to_rest() => Gen.Select(Makers.Array[2, 5], Gen.Double[0.02, 0.6].Array[5], Gen.Int[1, 20]).Sample((makers, latencies, answers) =>
    {
        var node = Node(makers);
        var news = 0;
        for (var tick = 0; tick < 200; tick++)
        {
            for (var i = 0; i < node.Workloads.Count; i++)
            {
                node.Workloads[i].Answers(answers * 10, latencies[i]);
                node.Workloads[i].Running = 1;
            }
            node.Pass(9);
            var plan = node.Tick();
            node.Obey(plan);
            news += tick >= 150 ? plan.Decisions.Count(d => d.IsNew) : 0;
        }
        Assert.True(news == 0, $"{news} new decisions after 1500 s of steady input");
    }, iter: Cases / 10);

    [Fact]
    public void A_rule_that_is_never_judged_again_loses_its_say()
    {
        var node = new TestNode();
        var vip = node.Add("vip", Priority.Critical).P95(0.1);
        node.Add("batch", Priority.Batch);
        for (var i = 0; i < 5; i++)
        {
            vip.Running = 1;
            vip.Answers(10, 0.5);
            node.Tick();
        }
        Assert.NotEmpty(node.Tick(RuleName.Gate).Wanted);
        for (var i = 0; i < 10; i++)
            node.Tick(RuleName.Gate);
        Assert.Empty(node.Tick(RuleName.Gate).Wanted);
    }

    private static TestNode Node(Maker[] makers)
    {
        var node = new TestNode();
        node.Cards[1] = 80L << 30;
        for (var i = 0; i < makers.Length; i++)
        {
            var made = makers[i];
            var workload = node.Add($"w{i}", made.Priority, made.Gpu);
            (workload.Managed, workload.Exempt, workload.Yields, workload.Restart) = (made.Managed, made.Exempt, made.Yields, new RestartPolicy { Allowed = made.MayRestart });
            if (made.HasSlo)
                workload.P95(0.2);
        }
        return node;
    }

    private static void Live((Maker[] Makers, Turn[] Turns) life, Action<TestNode, NodeSnapshot, Plan> look)
    {
        var node = Node(life.Makers);
        foreach (var turn in life.Turns)
        {
            var workload = node.Workloads[turn.Who % node.Workloads.Count];
            (workload.Sm, workload.Unreadable, workload.Running) = (turn.Sm, !turn.Readable, turn.Answers > 0 ? 1 : 0);
            workload.Activity = turn.Seen ? new WorkloadActivity(ActivityConfidence.High, 0, turn.Busy, node.Now) : null;
            for (var tick = 0; tick < turn.Ticks; tick++)
            {
                workload.Answers(turn.Answers, turn.Latency);
                var plan = node.Tick();
                look(node, node.Seen!, plan);
                node.Obey(plan);
            }
        }
    }
}
