using Headroom.Decide;
using Headroom.Decide.Rules;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;
using static Headroom.Tests.Support.GpuNode;

namespace Headroom.Tests.Decide.Rules;

public class VramCapsRuleTests
{
    private static readonly VramCapsRule Rule = new();

    private static long? Cap(RuleOutput output, string workload) => output.Proposals.OfType<CapProposal>().SingleOrDefault(p => p.Workload.Name == workload)?.Bytes;

    private static RunProposal? Run(RuleOutput output, string workload) => output.Proposals.OfType<RunProposal>().SingleOrDefault(p => p.Workload.Name == workload);

    private static bool Tells(RuleOutput output, ReasonCode code) => output.Remarks.Any(r => r.Reason.Code == code.Code);

    [Theory]
    [InlineData(VramStrategy.Fixed)]
    [InlineData(VramStrategy.Dynamic)]
    [InlineData(VramStrategy.Priority)]
    internal void On_a_40_GB_card_20_and_15_and_5_fit_because_the_reserve_shrinks(VramStrategy strategy)
    {
        var output = new GpuNode(PolicyOf(strategy, 5 * GiB)).Gpu(0, 40_536 * MiB)
            .Workload("recommender", Priority.Critical, 20 * GiB, 20 * GiB).Holds("recommender", 12 * GiB)
            .Workload("vision", Priority.Standard, 15 * GiB, 15 * GiB).Holds("vision", 9 * GiB)
            .Judge(Rule);
        Assert.Equal(20 * GiB, Cap(output, "recommender"));
        Assert.Equal(15 * GiB, Cap(output, "vision"));
        var shrunk = Assert.Single(output.Remarks, r => r.Reason.Code == VramCapsReasons.ReserveShrunk.Code);
        Assert.Equal(5 * GiB - 424 * MiB, shrunk.Reason.Values["reserve"].Number);
        Assert.Equal(5 * GiB, shrunk.Reason.Values["written"].Number);
        Assert.Single(output.Remarks);
    }

    [Fact]
    public void What_nothing_can_cap_frees_no_room_for_others_and_that_is_said()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Priority, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("vip", Priority.Critical, 8 * GiB).Holds("vip", 8 * GiB)
            .Workload("wild", Priority.Batch).Holds("wild", 20 * GiB);
        var free = Cap(node.Judge(Rule, 5, 2), "vip");
        node.Act = new ActState { Caps = [new CapReach(new WorkloadId("wild", "id-wild", Start - TimeSpan.FromDays(1)), 0, CapBackend.Watch, "it does not carry the library")] };
        var output = node.Judge(Rule, 5, 2);
        Assert.Null(Cap(output, "wild"));
        Assert.True(Cap(output, "vip") <= free);
        Assert.True(Cap(output, "vip") + 20 * GiB <= 38 * GiB);
        var told = Assert.Single(output.Remarks, r => r.Reason.Code == VramCapsReasons.WatchOnly.Code);
        ReasonChecks.IsWhole(told.Reason, VramCapsReasons.All);
    }

    [Fact]
    public void Without_a_written_cap_fixed_gives_none()
    {
        var output = new GpuNode(PolicyOf()).Gpu(0, 80 * GiB).Workload("a", cap: 20 * GiB).Holds("a", GiB).Workload("b").Holds("b", GiB).Judge(Rule);
        Assert.Equal(20 * GiB, Cap(output, "a"));
        Assert.Null(Cap(output, "b"));
        Assert.Empty(output.Remarks);
    }

    [Fact]
    public void Written_caps_over_the_room_shrink_the_lowest_class_first()
    {
        var output = new GpuNode(PolicyOf(VramStrategy.Fixed, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("vip", Priority.Critical, cap: 24 * GiB).Holds("vip", 10 * GiB)
            .Workload("batch", Priority.Batch, guarantee: 4 * GiB, cap: 24 * GiB).Holds("batch", 2 * GiB)
            .Judge(Rule);
        Assert.Equal(24 * GiB, Cap(output, "vip"));
        Assert.Equal(14 * GiB, Cap(output, "batch"));
        Assert.True(Tells(output, VramCapsReasons.Overcommitted));
    }

    [Fact]
    public void Guarantees_that_do_not_fit_move_nothing()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Priority)).Gpu(0, 40 * GiB)
            .Workload("a", Priority.Critical, 20 * GiB).Holds("a", 10 * GiB).Workload("b", Priority.Batch, 10 * GiB).Holds("b", 8 * GiB);
        var before = node.Judge(Rule, 5, 2);
        var after = node.Strangers(15 * GiB).Judge(Rule, 10, 2);
        Assert.True(Tells(after, VramCapsReasons.GuaranteesDoNotFit));
        Assert.Equal(Cap(before, "a"), Cap(after, "a"));
        Assert.Equal(Cap(before, "b"), Cap(after, "b"));
        Assert.All(after.Proposals, p => Assert.IsType<CapProposal>(p));
    }

    [Fact]
    public void Memory_moves_from_batch_to_a_critical_model_and_back()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Priority, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("vip", Priority.Critical, 10 * GiB, 30 * GiB).Holds("vip", 4 * GiB)
            .Workload("batch", Priority.Batch).Holds("batch", 6 * GiB);
        var quiet = node.Judge(Rule, 10, 2);
        for (var held = 4; held <= 26; held += 2)
            node.Holds("vip", held * GiB).Pass(2).Judge(Rule);
        var busy = node.Judge(Rule, 5, 2);
        Assert.True(Cap(busy, "vip") >= 28 * GiB, $"{Cap(busy, "vip") / MiB}");
        Assert.True(Cap(busy, "batch") < Cap(quiet, "batch") - 4 * GiB);
        Assert.True(Cap(busy, "batch") >= 6 * GiB + 300 * MiB);
        var back = node.Holds("vip", 4 * GiB).Judge(Rule, 10, 2);
        Assert.True(Cap(back, "batch") > 18 * GiB);
        Assert.Equal(Cap(quiet, "batch"), Cap(back, "batch"));
    }

    [Fact]
    public void What_a_critical_model_gave_up_is_given_on_only_after_five_seconds()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Priority, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("vip", Priority.Critical).Holds("vip", 30 * GiB).Workload("batch", Priority.Batch).Holds("batch", 4 * GiB);
        var busy = node.Judge(Rule, 5, 2);
        Assert.Equal(Cap(busy, "batch"), Cap(node.Holds("vip", 20 * GiB).Pass(2).Judge(Rule), "batch"));
        Assert.Equal(Cap(busy, "batch"), Cap(node.Pass(2).Judge(Rule), "batch"));
        Assert.True(Cap(node.Judge(Rule, 5, 2), "batch") > Cap(busy, "batch"));
    }

    [Fact]
    public void Growth_waits_until_the_room_is_seen_to_be_free()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Dynamic, 2 * GiB)).Gpu(0, 42 * GiB)
            .Workload("a").Holds("a", 16 * GiB).Workload("b").Holds("b", 4 * GiB);
        var first = node.Judge(Rule, 5, 2);
        // a gives back, b takes: a's cap shrinks at once, b's grows when a later snapshot confirms it.
        var shrunk = node.Holds("a", 4 * GiB).Holds("b", 8 * GiB).Pass(2).Judge(Rule);
        Assert.True(Cap(shrunk, "a") < Cap(first, "a"));
        Assert.Equal(Cap(first, "b"), Cap(shrunk, "b"));
        // Meanwhile it went beyond its new cap (nobody enforced it): still not confirmed.
        Assert.Equal(Cap(first, "b"), Cap(node.Holds("a", Cap(shrunk, "a")!.Value + GiB).Pass(2).Judge(Rule), "b"));
        Assert.True(Cap(node.Holds("a", 4 * GiB).Judge(Rule, 3, 2), "b") > Cap(first, "b"));
    }

    [Fact]
    public void A_starved_guarantee_puts_the_lowest_class_to_sleep_or_stops_it_and_takes_it_back_when_there_is_room()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Priority, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("vip", Priority.Critical, 20 * GiB).Holds("vip", 8 * GiB)
            .Workload("other", Priority.Standard, with: w => w with { LatencySource = "vllm" }).Holds("other", 4 * GiB)
            .Workload("batch", Priority.Batch, with: w => w with { Policy = w.Policy with { Restart = new RestartPolicy { Allowed = true } } }).Holds("batch", 24 * GiB);
        var first = node.Judge(Rule);
        Assert.Equal(24 * GiB, Cap(first, "batch")); // no growth at once
        Assert.Equal(VramCapsReasons.NoGrowth.Code, first.Proposals.Single(p => p.Workload.Name == "batch").Reason.Code);
        Assert.Null(Run(first, "batch"));
        var starved = node.Judge(Rule, 4, 2);
        Assert.Equal((RunState.Stopped, "vip"), (Run(starved, "batch")!.Limit.State, Run(starved, "batch")!.For));
        Assert.Null(Run(starved, "other"));

        node.Change("batch", w => w with { Container = w.Container with { State = ContainerState.Exited } }).Holds("batch", 0);
        var busy = node.Holds("vip", 20 * GiB).Judge(Rule, 60, 2);
        Assert.NotNull(Run(busy, "batch")); // coming back now would starve it again
        Assert.Equal(VramCapsReasons.StaysOut.Code, Run(busy, "batch")!.Reason.Code);
        var released = node.Change("vip", w => w with { Policy = w.Policy with { GuaranteeBytes = null } }).Holds("vip", 2 * GiB).Judge(Rule, 5, 2);
        Assert.Null(Run(released, "batch"));
    }

    [Fact]
    public void Where_nobody_may_be_stopped_it_says_so()
    {
        var output = new GpuNode(PolicyOf(VramStrategy.Priority, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("vip", Priority.Critical, 20 * GiB).Holds("vip", 8 * GiB).Workload("batch", Priority.Batch).Holds("batch", 28 * GiB)
            .Judge(Rule, 5, 2);
        Assert.True(Tells(output, VramCapsReasons.NobodyMayYield));
        Assert.Null(Run(output, "batch"));
    }

    [Fact]
    public void A_critical_model_never_gives_way_to_a_standard_one()
    {
        var output = new GpuNode(PolicyOf(VramStrategy.Priority, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("vip", Priority.Critical, with: w => w with { LatencySource = "vllm" }).Holds("vip", 30 * GiB)
            .Workload("std", Priority.Standard, 20 * GiB).Holds("std", 8 * GiB)
            .Judge(Rule, 10, 2);
        Assert.Null(Run(output, "vip"));
    }

    [Fact]
    public void Memory_that_is_not_known_changes_nothing_and_is_given_back_after_a_minute()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Dynamic)).Gpu(0, 40 * GiB).Workload("a").Holds("a", 4 * GiB).Workload("b").Holds("b", 4 * GiB);
        var known = node.Judge(Rule, 3, 2);
        node.Change(0, g => g with { Memory = g.Memory.AsStale() });
        var blind = node.Pass(2).Judge(Rule);
        Assert.Equal(Cap(known, "a"), Cap(blind, "a"));
        Assert.True(Tells(blind, VramCapsReasons.Unknown));
        Assert.Empty(node.Judge(Rule, 40, 2).Proposals);
    }

    [Fact]
    public void A_GPU_never_seen_gets_no_caps()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Dynamic)).Gpu(0, 40 * GiB, g => g with { Memory = Reading.Failed<GpuMemory>(g.At) }).Workload("a").Holds("a", GiB);
        Assert.Empty(node.Judge(Rule, 3, 2).Proposals);
    }

    [Fact]
    public void A_split_card_gets_no_caps() => Assert.Empty(
        new GpuNode(PolicyOf()).Gpu(0, 40 * GiB, mig: true).Workload("a", cap: GiB).Holds("a", GiB).Judge(Rule).Proposals);

    [Fact]
    public void Those_not_opted_in_count_with_their_use_and_get_no_cap()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Dynamic, 2 * GiB)).Gpu(0, 40 * GiB).Workload("a").Holds("a", 4 * GiB)
            .Workload("wild", with: w => w with { Policy = w.Policy with { Managed = false } }).Holds("wild", 20 * GiB);
        var output = node.Judge(Rule);
        Assert.Null(Cap(output, "wild"));
        Assert.Equal(17 * GiB, Cap(output, "a")); // 40 - 2 - 20 - 1 margin
    }

    [Fact]
    public void One_that_holds_more_than_its_cap_may_not_grow()
    {
        var output = new GpuNode(PolicyOf()).Gpu(0, 40 * GiB).Workload("a", cap: 8 * GiB).Holds("a", 10 * GiB).Judge(Rule);
        Assert.Equal(10 * GiB, Cap(output, "a"));
        Assert.True(Tells(output, VramCapsReasons.HoldsMore));
    }

    [Fact]
    public void A_stopped_workload_keeps_its_guarantee_and_gets_no_cap()
    {
        var node = new GpuNode(PolicyOf(VramStrategy.Dynamic, 2 * GiB)).Gpu(0, 40 * GiB)
            .Workload("a", guarantee: 10 * GiB).Holds("a", 4 * GiB).Workload("b").Holds("b", 4 * GiB);
        node.Judge(Rule);
        var output = node.Change("a", w => w with { Container = w.Container with { State = ContainerState.Exited } }).Holds("a", 0).Judge(Rule, 5, 2);
        Assert.Null(Cap(output, "a"));
        Assert.Equal(28 * GiB, Cap(output, "b"));
    }

    [Fact]
    public void Hidden_use_gets_no_cap_by_use()
    {
        var output = new GpuNode(PolicyOf(VramStrategy.Dynamic)).Gpu(0, 40 * GiB).Workload("a").Holds("a", GiB, hidden: 1).Workload("b").Holds("b", GiB).Judge(Rule);
        Assert.Null(Cap(output, "a"));
        Assert.True(Tells(output, VramCapsReasons.Hidden));
    }
}
