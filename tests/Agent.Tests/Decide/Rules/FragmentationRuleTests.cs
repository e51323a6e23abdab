using Headroom.Decide.Rules;
using Headroom.Decide;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;
using static Headroom.Tests.Support.GpuNode;

namespace Headroom.Tests.Decide.Rules;

public class FragmentationRuleTests
{
    private static readonly FragmentationRule Rule = new((_, _) => true);

    private static LatencySample Latency(GpuNode node, bool idle, double reserved, double allocated) => new()
    {
        At = node.Now, Source = "torch", Endpoint = "x", IsIdle = idle, ReservedBytes = reserved, AllocatedBytes = allocated,
    };

    private static GpuNode Node(bool allowed = true, LastReplica lastReplica = LastReplica.Idle)
    {
        var node = new GpuNode(PolicyOf()).Gpu(0, 40 * GiB);
        return node.Workload("torch", with: w => w with
        {
            Policy = w.Policy with { Restart = new RestartPolicy { Allowed = allowed, LastReplica = lastReplica } },
            Latency = Latency(node, true, 10 * GiB, 5 * GiB),
        }).Holds("torch", 11 * GiB);
    }

    private static GpuNode Idle(GpuNode node, bool idle, double reserved = 10, double allocated = 5, string name = "torch") =>
        node.Change(name, w => w with { Latency = Latency(node, idle, reserved * GiB, allocated * GiB) });

    private static ImpulseProposal? Impulse(RuleOutput output) => output.Proposals.OfType<ImpulseProposal>().SingleOrDefault();

    private static string? Refusal(RuleOutput output) => output.Remarks.SingleOrDefault()?.Reason.Code;

    [Fact]
    public void What_its_framework_says_to_be_of_no_use_for_ten_minutes_is_a_restart_once()
    {
        var node = Node();
        Assert.Empty(node.Judge(Rule, 10, 60).Proposals);
        var impulse = Impulse(node.Judge(Rule, 3, 60))!;
        Assert.Equal((ImpulseKind.Restart, false), (impulse.Kind, impulse.OnlyTell));
        Assert.Equal(11 * GiB, impulse.Reason.Values["floor"].Number);
        ReasonChecks.IsWhole(impulse.Reason, FragmentationReasons.All);
        Assert.Equal(impulse.Key, Impulse(node.Pass(60).Judge(Rule))!.Key);
        Assert.Empty(node.Restart("torch").Pass(60).Judge(Rule).Proposals);
    }

    [Fact]
    public void A_busy_server_waits_until_it_is_idle_for_a_minute()
    {
        var node = Node();
        node.Judge(Rule, 11, 60);
        Assert.Equal(FragmentationReasons.NotIdle.Code, Refusal(Idle(node, false).Pass(60).Judge(Rule)));
        Assert.Equal(FragmentationReasons.LastReplica.Code, Refusal(Idle(node, true).Pass(60).Judge(Rule)));
        Assert.NotNull(Impulse(node.Pass(60).Judge(Rule)));
    }

    [Fact]
    public void What_its_framework_tells_by_the_page_counts_only_what_cannot_be_given_back()
    {
        static WorkloadSnapshot Told(WorkloadSnapshot w, long split) => w with { Framework = new FrameworkMemory(5 * GiB, 10 * GiB, split, 0, 0, default) };
        // Half of it is only a cache.
        Assert.Empty(Node().Change("torch", w => Told(w, GiB)).Judge(Rule, 30, 60).Proposals);
        var impulse = Impulse(Node().Change("torch", w => Told(w, 4 * GiB)).Judge(Rule, 15, 60))!;
        Assert.Equal(0.4, impulse.Reason.Values["ratio"].Number);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Allocations_refused_while_the_bytes_were_free_are_proof_once_there_are_some(int more, bool restarts)
    {
        var node = Node().Change("torch", w => w with { Latency = w.Latency! with { ReservedBytes = null } });
        node.Books = [Book("torch", 10 * GiB, refusedWhileFree: 7)];
        Assert.Empty(node.Judge(Rule, 30, 60).Proposals);
        node.Books = [Book("torch", 10 * GiB, refusedWhileFree: 7 + more)];
        var output = node.Pass(60).Judge(Rule);
        Assert.Equal(restarts, Impulse(output) is not null);
        if (restarts)
            ReasonChecks.IsWhole(Impulse(output)!.Reason, FragmentationReasons.All);
    }

    [Fact]
    public void Proof_makes_no_busy_server_restart_and_grows_old()
    {
        var node = Node().Change("torch", w => w with { Latency = w.Latency! with { ReservedBytes = null, IsIdle = false } });
        node.Books = [Book("torch", 10 * GiB)];
        node.Judge(Rule);
        node.Books = [Book("torch", 10 * GiB, refusedWhileFree: 9)];
        Assert.Equal(FragmentationReasons.NotNow.Code, Refusal(node.Pass(60).Judge(Rule)));
        Assert.Null(Refusal(node.Judge(Rule, 25, 60)));
    }

    [Fact]
    public void A_cache_in_use_is_no_fragmentation()
    {
        var node = Idle(Node(), true, 10, 8);
        Assert.Empty(node.Judge(Rule, 30, 60).Proposals);
        Assert.Empty(Idle(node, false, 10, 2).Judge(Rule, 30, 60).Proposals);
    }

    [Fact]
    public void It_is_not_repeated_when_it_did_not_help()
    {
        var node = Node();
        node.Act = new ActState { Impulses = [new ImpulseRecord("torch", ImpulseKind.Restart, RuleName.Fragmentation, "k", Start, false)] };
        var output = node.Judge(Rule, 15, 60);
        Assert.Null(Impulse(output));
        Assert.Equal(FragmentationReasons.DidNotHelp.Code, Refusal(output));
    }

    [Fact]
    public void Not_allowed_it_only_tells() => Assert.True(Impulse(Node(allowed: false).Judge(Rule, 15, 60))!.OnlyTell);

    [Fact]
    public void The_last_replica_may_be_never_touched() =>
        Assert.Equal(FragmentationReasons.LastReplica.Code, Refusal(Node(lastReplica: LastReplica.Never).Judge(Rule, 15, 60)));

    [Fact]
    public void Replicas_are_restarted_one_at_a_time()
    {
        var node = new GpuNode(PolicyOf()).Gpu(0, 40 * GiB);
        foreach (var name in new[] { "a-1", "a-2" })
            node.Workload(name, with: w => w with
            {
                Container = w.Container with { ComposeProject = "p", ComposeService = "a" },
                Policy = w.Policy with { Restart = new RestartPolicy { Allowed = true, LastReplica = LastReplica.Never } },
                Latency = Latency(node, true, 10 * GiB, 5 * GiB),
            }).Holds(name, 11 * GiB);
        var output = node.Judge(Rule, 15, 60);
        Assert.Equal("a-1", Impulse(output)!.Workload.Name);
        Assert.Equal(FragmentationReasons.ReplicaFirst.Code, Refusal(output));
    }

    [Fact]
    public void It_is_not_restarted_where_its_guarantee_would_not_fit()
    {
        var node = Node().Change("torch", w => w with { Policy = w.Policy with { GuaranteeBytes = 20 * GiB } }).Strangers(25 * GiB);
        Assert.Equal(FragmentationReasons.NoRoom.Code, Refusal(node.Judge(Rule, 15, 60)));
    }

    [Fact]
    public void In_its_window_it_is_restarted_though_busy_and_outside_not()
    {
        var window = new Window { Name = "night" };
        var node = Node(lastReplica: LastReplica.Always).Change("torch", w => w with { Policy = w.Policy with { Window = new WindowUse("night") } });
        node.Policy = node.Policy with { Windows = [window], Rules = new RulesPolicy { Fragmentation = new FragmentationSettings { When = FragmentationWhen.Window } } };
        node.Judge(Rule, 11, 60);
        Assert.NotNull(Impulse(Idle(node, false).Pass(60).Judge(Rule)));
        Assert.Equal(FragmentationReasons.NotInWindow.Code, Refusal(node.Judge(new FragmentationRule((_, _) => false))));
    }

    [Fact]
    public void A_rising_idle_floor_is_only_a_suspicion()
    {
        var node = Idle(Node(), true, 0, 0);
        node.Change("torch", w => w with { Latency = w.Latency! with { ReservedBytes = null, AllocatedBytes = null } });
        node.Holds("torch", 4 * GiB).Judge(Rule, 10, 60);
        Assert.Empty(node.Holds("torch", 9 * GiB).Judge(Rule, 60, 60).Proposals); // the floor of this spell is still the low one
        node.Change("torch", w => w with { Latency = w.Latency! with { IsIdle = false } }).Pass(60).Judge(Rule);
        node.Change("torch", w => w with { Latency = w.Latency! with { IsIdle = true } });
        var suspected = Impulse(node.Judge(Rule, 3, 60))!;
        Assert.Equal((true, FragmentationReasons.Suspected.Code), (suspected.OnlyTell, suspected.Reason.Code));
        ReasonChecks.IsWhole(suspected.Reason, FragmentationReasons.All);
    }

    [Fact]
    public void A_server_that_does_not_tell_anything_is_left_alone() =>
        Assert.Empty(Node().Change("torch", w => w with { Latency = null }).Judge(Rule, 30, 60).Proposals);
}
