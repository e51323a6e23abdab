using Headroom.Decide.Rules;
using Headroom.Decide;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;
using static Headroom.Tests.Support.GpuNode;

namespace Headroom.Tests.Decide.Rules;

public class GpuHealthRuleTests
{
    private static readonly GpuHealthRule Rule = new();

    private static GpuNode Node() => new GpuNode(PolicyOf()).Gpu(0, 40 * GiB)
        .Workload("vip", Priority.Critical).Holds("vip", GiB).Workload("std").Holds("std", GiB).Workload("batch", Priority.Batch).Holds("batch", GiB);

    private static GpuNode Reliability(GpuNode node, Func<GpuReliability, GpuReliability> with) => node.Change(0, g => g with { Reliability = with(g.Reliability) });

    private static GpuNode Slow(GpuNode node, ulong bits) =>
        node.Change(0, g => g with { Thermal = new GpuThermal { ThrottleReasonBits = Reading.Fresh(bits, node.Now) } });

    private static string[] Codes(RuleOutput output)
    {
        foreach (var reason in output.Remarks.Select(r => r.Reason).Concat(output.Proposals.Select(p => p.Reason)))
            ReasonChecks.IsWhole(reason, GpuHealthReasons.All);
        return [.. output.Remarks.Select(r => r.Reason.Code)];
    }

    [Fact]
    public void A_well_GPU_says_nothing()
    {
        var output = Node().Judge(Rule, 5, 5);
        Assert.Empty(output.Proposals);
        Assert.Empty(output.Remarks);
    }

    [Theory]
    [InlineData(79, "HR1903")]
    [InlineData(31, "HR1904")]
    public void An_XID_is_told_for_an_hour_and_a_programs_own_is_called_so(int xid, string code)
    {
        var node = Reliability(Node(), r => r with { Xids = [new XidCount(xid, 1, Start)] });
        Assert.Equal([code], Codes(node.Judge(Rule)));
        Assert.Equal([code], Codes(node.Judge(Rule, 10, 300)));
        Assert.Empty(node.Judge(Rule, 10, 300).Remarks);
        Assert.Equal([code], Codes(Reliability(node, r => r with { Xids = [new XidCount(xid, 2, Start)] }).Judge(Rule)));
        Assert.Empty(node.Judge(Rule).Proposals);
    }

    [Fact]
    public void ECC_errors_of_before_are_no_news_and_new_ones_are()
    {
        var node = Reliability(Node(), r => r with { EccUncorrected = Reading.Fresh(7L, default) });
        Assert.Empty(node.Judge(Rule, 3, 5).Remarks);
        Reliability(node, r => r with { EccUncorrected = Reading.Fresh(9L, default) });
        var output = node.Pass(5).Judge(Rule);
        Assert.Equal(["HR1905"], Codes(output));
        Assert.Equal(2, output.Remarks[0].Reason.Values["count"].Number);
    }

    [Fact]
    public void What_is_held_on_a_lost_GPU_stays_held_and_nothing_else_is_touched()
    {
        var node = Node();
        node.Judge(Rule);
        node.Act = new ActState
        {
            Holds = [new Hold(new WorkloadId("batch", "id-batch", Start - TimeSpan.FromDays(1)), Lever.Pause, RuleName.LatencyGuard, 0, null, null, Start)],
        };
        var lost = node.Change(0, g => GpuSample.Dark(g.Identity, Headroom.Model.GpuHealth.Lost, "fell off the bus", g.At));
        foreach (var name in new[] { "vip", "std", "batch" })
            lost.Holds(name, 0);
        var output = lost.Pass(5).Judge(Rule);
        Assert.Equal(["HR1901"], Codes(output));
        var held = Assert.IsType<RunProposal>(Assert.Single(output.Proposals));
        Assert.Equal(("batch", RunLimit.Paused), (held.Workload.Name, held.Limit));
    }

    [Fact]
    public void A_GPU_that_does_not_answer_forgets_no_XID()
    {
        var node = Reliability(Node(), r => r with { Xids = [new XidCount(79, 1, Start)] });
        node.Judge(Rule);
        Assert.Equal(["HR1901", "HR1903"], Codes(node.Change(0, g => GpuSample.Dark(g.Identity, Headroom.Model.GpuHealth.Hung, "hung", g.At)).Pass(5).Judge(Rule)));
    }

    [Fact]
    public void A_reset_that_the_driver_asks_for_and_failed_rows_are_told() => Assert.Equal(["HR1902", "HR1906", "HR1907"], Codes(Reliability(Node(), r => r with
    {
        RecoveryAction = Reading.Fresh(1, default), RemapFailed = Reading.Fresh(1, default), RemapPending = Reading.Fresh(1, default),
    }).Judge(Rule)));

    [Fact]
    public void On_a_GPU_that_slows_itself_down_batch_runs_its_floor_for_the_protected_one()
    {
        var node = Slow(Node(), 0x48);
        Assert.Empty(node.Judge(Rule).Proposals); // one look proves nothing
        var output = node.Pass(5).Judge(Rule);
        Assert.Equal(["HR1908"], Codes(output));
        var throttle = Assert.IsType<RunProposal>(Assert.Single(output.Proposals));
        Assert.Equal(("batch", RunLimit.AtShare(0.1), "vip"), (throttle.Workload.Name, throttle.Limit, throttle.For));
        Slow(node, 0);
        Assert.Single(node.Pass(30).Judge(Rule).Proposals);
        Assert.Empty(node.Pass(40).Judge(Rule).Proposals);
    }

    [Fact]
    public void A_power_limit_set_by_people_is_no_illness() => Assert.Empty(Slow(Node(), 0x4 | 0x20).Judge(Rule, 5, 5).Remarks);

    [Fact]
    public void Without_a_protected_neighbour_nobody_is_throttled()
    {
        var node = Slow(new GpuNode(PolicyOf()).Gpu(0, 40 * GiB).Workload("batch", Priority.Batch).Holds("batch", GiB), 0x40);
        var output = node.Judge(Rule, 3, 5);
        Assert.Empty(output.Proposals);
        Assert.Equal(["HR1908"], Codes(output));
    }

    [Fact]
    public void The_memory_rules_speak_both_languages_of_the_same() => ReasonChecks.SpeaksBoth(
        [.. VramCapsReasons.All, .. FragmentationReasons.All, .. RunawayMemoryReasons.All, .. GpuHealthReasons.All]);
}
