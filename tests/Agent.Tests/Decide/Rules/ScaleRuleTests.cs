using CsCheck;
using Headroom.Decide;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Tests.Decide.Rules;

public class ScaleRuleTests
{
    private const long GiB = GroupNode.GiB;
    private static readonly TimeSpan Cooldown = TimeSpan.FromSeconds(60);
    private static readonly Slo P95 = new(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(100));

    /// <summary>Replicas of a server with an SLO: r0, r1, ...</summary>
    private static GroupNode Servers(int count, int min = 1, int? max = null)
    {
        var node = new GroupNode(new Headroom.Decide.Rules.ScaleRule());
        for (var i = 0; i < count; i++)
            node.Add($"r{i}", p => p with
            {
                Priority = Priority.Standard, Slos = [P95], Restart = new RestartPolicy { Allowed = true },
                Group = new GroupUse("chat", GroupMode.Scale, min, max, Cooldown),
            });
        Load(node, 0.8);
        return node;
    }

    /// <summary>Batch replicas beside one protected neighbour.</summary>
    private static GroupNode Embedders(int count, int min = 1, int? max = null)
    {
        var node = new GroupNode(new Headroom.Decide.Rules.ScaleRule());
        for (var i = 0; i < count; i++)
            node.Add($"r{i}", p => p with { Restart = new RestartPolicy { Allowed = true }, Group = new GroupUse("embedders", GroupMode.Scale, min, max, Cooldown) });
        node.Add("vip", p => p with { Priority = Priority.Critical, Slos = [P95] });
        return node;
    }

    private static void Load(GroupNode node, double pressure, double requests = 0, double waiting = 0)
    {
        foreach (var member in node.Members.Where(m => m.Policy.Group is not null))
            (member.Pressure, member.Running, member.Waiting) = (Reading.Fresh(pressure, node.Now), requests, waiting);
    }

    private static string[] Out(RuleOutput output) => [.. output.Proposals.OfType<RunProposal>().Select(p => p.Workload.Name)];

    private static string Code(RuleOutput output) => Assert.Single(output.Remarks).Reason.Code;

    /// <summary>What Act would do: stops what is wanted stopped and holds it; starts what is no longer.</summary>
    private static RuleOutput Obey(GroupNode node, RuleOutput output)
    {
        var wanted = Out(output).ToHashSet();
        foreach (var name in wanted.Where(n => node[n].State == ContainerState.Running))
        {
            node[name].State = ContainerState.Exited;
            node.Hold(name, RuleName.Scale, Lever.Stop);
        }
        foreach (var hold in node.Act.Holds.Where(h => !wanted.Contains(h.Workload.Name)).ToList())
        {
            node.Act = node.Act with { Holds = [.. node.Act.Holds.Where(h => h != hold)] };
            node[hold.Workload.Name].State = ContainerState.Running;
        }
        return output;
    }

    private static RuleOutput Run(GroupNode node, double seconds)
    {
        var output = Obey(node, node.Tick(5));
        for (var at = 5.0; at < seconds; at += 5)
            output = Obey(node, node.Tick(5));
        return output;
    }

    [Fact]
    public void A_quiet_group_gives_back_one_replica_after_the_cooldown()
    {
        var node = Servers(3);
        Load(node, 0.3);
        Assert.Empty(Out(Run(node, 60)));
        var output = Run(node, 5);
        Assert.Equal(["r2"], Out(output));
        Assert.Equal("r2 is put back: 2 of group chat can carry the load at 45 % of the SLO (now 30 %)", output.Proposals[0].Reason.Sentence());
        Assert.Equal(RunLimit.Stopped, ((RunProposal)output.Proposals[0]).Limit);
    }

    [Fact]
    public void A_busy_group_gets_back_the_one_that_went_last()
    {
        var node = Servers(3);
        Load(node, 0.1);
        Assert.Equal(["r1", "r2"], Out(Run(node, 200)));
        Load(node, 1.2, 8);
        Assert.Equal(["r1", "r2"], Out(Run(node, 10)));
        var output = Run(node, 5);
        Assert.Equal(["r2"], Out(output));
        Assert.Equal("r1 is woken: group chat is at 120 % of its SLO with 1 running", Assert.Single(output.Remarks).Reason.Sentence());
        // The next one only after the cooldown.
        Assert.Equal(["r2"], Out(Run(node, 55)));
        Assert.Empty(Out(Run(node, 10)));
    }

    [Fact]
    public void A_queue_counts_before_the_SLO_is_broken()
    {
        var node = Servers(2);
        Load(node, 0.1);
        Run(node, 100);
        Load(node, 0.9, 8);
        Assert.NotEmpty(Out(Run(node, 100)));
        Load(node, 0.9, 8, waiting: 3);
        Assert.Empty(Out(Run(node, 15)));
    }

    [Fact]
    public void Nothing_changes_on_pressure_that_is_unknown()
    {
        var node = Servers(2);
        Load(node, 0.1);
        node["r1"].Pressure = Reading.Failed<double>(node.Now);
        Assert.Empty(Out(Run(node, 600)));
        node["r0"].Pressure = Reading.Fresh(double.NaN, node.Now);
        Assert.Empty(Out(Run(node, 600)));
    }

    [Fact]
    public void A_replica_with_a_request_in_flight_is_not_put_back()
    {
        var node = Servers(3);
        Load(node, 0.1);
        node["r2"].Running = 1;
        Assert.Equal(["r1"], Out(Run(node, 70)));
    }

    [Fact]
    public void A_server_whose_requests_nobody_knows_is_not_put_back()
    {
        var node = Servers(3);
        Load(node, 0.1);
        foreach (var member in node.Members)
            member.Running = member.Waiting = null;
        Assert.Empty(Out(Run(node, 300)));
    }

    [Fact]
    public void A_replica_that_may_not_be_stopped_is_not_put_back_and_this_is_told()
    {
        var node = Servers(2);
        Load(node, 0.1);
        foreach (var member in node.Members)
            member.Policy = member.Policy with { Restart = new RestartPolicy() };
        var output = Run(node, 70);
        Assert.Empty(Out(output));
        Assert.Equal("HR1810", Code(output));
    }

    [Fact]
    public void Without_room_nobody_is_woken_and_the_numbers_are_told()
    {
        var node = Servers(2);
        Load(node, 0.1);
        Run(node, 70);
        node.TotalBytes = 11 * GiB; // 4 used, 1 kept
        node["r1"].Policy = node["r1"].Policy with { GuaranteeBytes = 8 * GiB };
        Load(node, 1.5);
        var output = Run(node, 70);
        Assert.Equal(["r1"], Out(output));
        Assert.Equal("r1 of group chat is not woken: it needs 8 GiB, and GPU 0 has 6 GiB to give", Assert.Single(output.Remarks).Reason.Sentence());
    }

    [Fact]
    public void What_a_neighbour_is_promised_is_not_room()
    {
        var node = Servers(2);
        Load(node, 0.1);
        Run(node, 70);
        node.Add("vip", p => p with { Priority = Priority.Critical, GuaranteeBytes = 74 * GiB });
        Load(node, 1.5);
        Assert.Equal(["r1"], Out(Run(node, 70)));
        node["vip"].Policy = node["vip"].Policy with { GuaranteeBytes = 60 * GiB };
        Assert.Empty(Out(Run(node, 15)));
    }

    [Fact]
    public void A_replica_that_was_only_created_is_started_once()
    {
        var node = Servers(2);
        node["r1"].State = ContainerState.Created;
        Load(node, 1.5);
        var impulse = Assert.IsType<ImpulseProposal>(Assert.Single(Run(node, 15).Proposals));
        Assert.Equal(("r1", ImpulseKind.Start, "scale/id-r1"), (impulse.Workload.Name, impulse.Kind, impulse.Key));
        // Done, and it did not come up: it is not tried again.
        node.Act = new ActState { Impulses = [new ImpulseRecord("r1", ImpulseKind.Start, RuleName.Scale, impulse.Key, default, null)] };
        Assert.Empty(Run(node, 300).Proposals);
    }

    [Fact]
    public void What_a_person_stopped_stays_stopped()
    {
        var node = Servers(3);
        node["r1"].State = ContainerState.Exited;
        node["r2"].State = ContainerState.Exited;
        Load(node, 2);
        var output = Run(node, 300);
        Assert.Empty(output.Proposals);
        Assert.DoesNotContain(output.Remarks, r => r.Reason.Code == "HR1801");
    }

    [Fact]
    public void One_that_a_person_took_out_of_our_hands_is_theirs()
    {
        var node = Servers(2);
        Load(node, 0.1);
        Run(node, 70);
        node.Act = ActState.Nothing; // the hold is gone, the container still stands
        Load(node, 2);
        Assert.Empty(node.TickFor(100, 5).Proposals);
    }

    [Fact]
    public void When_a_replica_dies_another_takes_its_place_at_once()
    {
        var node = Servers(3, min: 2);
        Load(node, 0.1);
        Assert.Equal(["r2"], Out(Run(node, 70)));
        node["r0"].State = ContainerState.Exited;
        Assert.Empty(Out(Run(node, 5)));
    }

    [Fact]
    public void A_new_agent_goes_on_where_the_old_one_ended()
    {
        var node = Servers(3);
        node["r2"].State = ContainerState.Exited;
        node.Hold("r2", RuleName.Scale, Lever.Stop);
        Assert.Equal(["r2"], Out(Run(node, 5)));
    }

    [Fact]
    public void While_Docker_is_silent_nothing_is_forgotten()
    {
        var node = Servers(2);
        Load(node, 0.1);
        Run(node, 70);
        var gone = node["r1"];
        node.Remove("r1");
        node.DockerUp = false;
        Assert.Empty(node.TickFor(100, 5).Proposals);
        node.DockerUp = true;
        var back = node.Add("r1", _ => gone.Policy);
        back.State = ContainerState.Exited;
        Assert.Equal(["r1"], Out(Run(node, 5)));
    }

    [Fact]
    public void Above_max_replicas_are_put_back_one_at_a_time()
    {
        var node = Servers(4, max: 2);
        Assert.Equal(["r3"], Out(Run(node, 5)));
        Assert.Equal(["r2", "r3"], Out(Run(node, 70)));
        Assert.Equal(["r2", "r3"], Out(Run(node, 300)));
    }

    [Fact]
    public void Batch_replicas_go_while_a_protected_neighbour_suffers_and_come_back_when_it_is_calm()
    {
        var node = Embedders(3);
        node["vip"].Pressure = Reading.Fresh(1.4, node.Now);
        var output = Run(node, 15);
        Assert.Equal(["r2"], Out(output));
        Assert.Equal("vip", ((RunProposal)output.Proposals[0]).For);
        Assert.Equal(["r1", "r2"], Out(Run(node, 300)));
        node["vip"].Pressure = Reading.Idle<double>(node.Now);
        Assert.Empty(Out(Run(node, 150)));
    }

    [Fact]
    public void Batch_replicas_stay_as_they_are_while_a_neighbours_pressure_is_unknown()
    {
        var node = Embedders(2);
        node["vip"].Pressure = Reading.Fresh(1.4, node.Now);
        Run(node, 15);
        node["vip"].Pressure = Reading.Failed<double>(node.Now);
        Assert.Equal(["r1"], Out(Run(node, 600)));
    }

    [Fact]
    public void A_neighbour_that_suffers_each_time_is_asked_less_and_less_often()
    {
        var node = Embedders(2);
        var wakes = 0;
        for (var at = 0; at < 3600; at += 5)
        {
            var before = node["r1"].State;
            // It suffers exactly while both run.
            node["vip"].Pressure = Reading.Fresh(before == ContainerState.Running ? 1.3 : 0.4, node.Now);
            Obey(node, node.Tick(5));
            wakes += before == ContainerState.Exited && node["r1"].State == ContainerState.Running ? 1 : 0;
        }
        Assert.InRange(wakes, 3, 8); // 30 without the back-off
    }

    private static readonly Gen<(int Count, int Min, int Max, (double Pressure, int Seconds, int Event)[] Phases)> Days = Gen.Select(
        Gen.Int[1, 4], Gen.Int[0, 3], Gen.Int[1, 5], Gen.Select(Gen.Double[-0.2, 2], Gen.Int[1, 15], Gen.Int[0, 12]).Array[1, 4]);

    [Fact]
    public void Replicas_stay_between_min_and_max_of_what_exists_and_change_at_most_once_a_cooldown() => Days.Sample(
        day =>
        {
            var (min, max) = (Math.Max(1, day.Min), Math.Max(day.Max, Math.Max(1, day.Min)));
            var node = Servers(day.Count, day.Min, day.Max);
            // Started above max: those go one at a time first.
            if (day.Count > max)
                Run(node, 70 * (day.Count - max));
            MonoTime? changed = null;
            var before = new HashSet<string>(Out(node.Tick()));
            foreach (var (pressure, seconds, _) in day.Phases)
            {
                Load(node, Math.Max(0, pressure));
                if (pressure < 0)
                    node["r0"].Pressure = Reading.Failed<double>(node.Now);
                for (var at = 0; at < seconds; at++)
                {
                    var now = node.Now;
                    var wanted = Out(Obey(node, node.Tick(5))).ToHashSet();
                    var running = day.Count - wanted.Count;
                    Assert.InRange(running, Math.Min(min, day.Count), Math.Min(max, day.Count));
                    if (wanted.SetEquals(before))
                        continue;
                    Assert.Equal(1, Math.Abs(wanted.Count - before.Count));
                    Assert.True(changed is not { } last || now - last >= Cooldown, "changed twice within the cooldown");
                    (changed, before) = (now, wanted);
                }
            }
        }, iter: 10_000);

    [Fact]
    public void A_steady_load_leads_to_a_steady_number_of_replicas() => Gen.Select(Gen.Int[1, 5], Gen.Double[0, 4]).Sample(
        (count, load) =>
        {
            var node = Servers(count);
            string[] before = [];
            var steady = 0;
            for (var at = 0; at < 600; at += 10)
            {
                // As many requests as ever, shared by those that run.
                var running = node.Members.Count(m => m.State == ContainerState.Running);
                Load(node, load / running);
                var now = Out(Obey(node, node.Tick(10)));
                steady = now.SequenceEqual(before) ? steady + 1 : 0;
                before = now;
            }
            Assert.True(steady > 15, $"changed {steady * 10} s ago");
        }, iter: 10_000);

    [Fact]
    public void The_same_days_give_the_same_replicas() => Days.Sample(
        day =>
        {
            var (one, other) = (Servers(day.Count, day.Min, day.Max), Servers(day.Count, day.Min, day.Max));
            foreach (var (pressure, seconds, e) in day.Phases)
            {
                foreach (var node in new[] { one, other })
                {
                    Load(node, Math.Max(0, pressure));
                    if (e < day.Count)
                        node[$"r{e}"].State = node[$"r{e}"].State == ContainerState.Running ? ContainerState.Exited : ContainerState.Running;
                }
                for (var at = 0; at < seconds; at++)
                {
                    var (a, b) = (Obey(one, one.Tick(5)), Obey(other, other.Tick(5)));
                    Assert.Equal(a.Proposals, b.Proposals);
                    Assert.Equal(a.Remarks, b.Remarks);
                }
            }
        }, iter: 10_000);
}
