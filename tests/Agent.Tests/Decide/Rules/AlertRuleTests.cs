using Headroom.Decide;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Tests.Decide.Rules;

public class AlertRuleTests
{
    private static GroupNode Node(params AlertPolicy[] alerts)
    {
        var node = new GroupNode(new Headroom.Decide.Rules.AlertRule(), new Policy { Hash = "test", Alerts = alerts });
        node.Add("embed-1", p => p with { Group = new GroupUse("embedders") });
        node.Add("embed-2", p => p with { Group = new GroupUse("embedders") });
        node.Add("painter", p => p with { Entry = "painter" });
        return node;
    }

    private static AlertPolicy ForGroup(double share = 0) => new("vip-slow", "embedders", null, share, AlertPolicy.DefaultLease);

    private static AlertSignal Signal(GroupNode node, double seconds, string name = "vip-slow") => new(name, node.Now + TimeSpan.FromSeconds(seconds));

    private static (string, RunLimit)[] Held(RuleOutput output) => [.. output.Proposals.Cast<RunProposal>().Select(p => (p.Workload.Name, p.Limit))];

    [Fact]
    public void A_firing_alert_holds_its_group_and_nobody_else()
    {
        var node = Node(ForGroup());
        node.Alerts = [Signal(node, 300)];
        var output = node.Tick();
        Assert.Equal([("embed-1", RunLimit.Paused), ("embed-2", RunLimit.Paused)], Held(output));
        Assert.Equal("alert vip-slow holds embed-1 at 0 % for 5 min more, unless it fires again", output.Proposals[0].Reason.Sentence());
    }

    [Fact]
    public void A_hold_ends_with_its_lease()
    {
        var node = Node(ForGroup());
        node.Alerts = [Signal(node, 3)];
        Assert.NotEmpty(node.TickFor(3).Proposals);
        Assert.Empty(node.Tick().Proposals);
    }

    [Fact]
    public void An_entry_is_held_at_the_share_that_the_policy_says()
    {
        var node = Node(new AlertPolicy("vip-slow", null, "painter", 0.25, AlertPolicy.DefaultLease));
        node.Alerts = [Signal(node, 300)];
        Assert.Equal([("painter", RunLimit.AtShare(0.25))], Held(node.Tick()));
    }

    [Fact]
    public void Of_several_alerts_the_strictest_counts()
    {
        var node = Node(ForGroup(0.5), new AlertPolicy("disk", "embedders", null, 0.1, AlertPolicy.DefaultLease));
        node.Alerts = [Signal(node, 300), Signal(node, 20, "disk")];
        Assert.All(Held(node.Tick()), held => Assert.Equal(RunLimit.AtShare(0.1), held.Item2));
    }

    [Fact]
    public void An_alert_that_the_policy_does_not_name_starts_nothing_and_says_so()
    {
        var node = Node(ForGroup());
        node.Alerts = [Signal(node, 300, "stranger")];
        var output = node.Tick();
        Assert.Empty(output.Proposals);
        Assert.Equal((Verdict.Refuse, "HR2002"), (Assert.Single(output.Remarks).Verdict, output.Remarks[0].Reason.Code));
    }

    [Fact]
    public void An_alert_for_a_group_of_which_nothing_runs_says_so()
    {
        var node = Node(ForGroup());
        node.Alerts = [Signal(node, 300)];
        node["embed-1"].State = ContainerState.Exited;
        node["embed-2"].State = ContainerState.Exited;
        var output = node.Tick();
        Assert.Empty(output.Proposals);
        Assert.Equal("HR2003", Assert.Single(output.Remarks).Reason.Code);
    }
}
