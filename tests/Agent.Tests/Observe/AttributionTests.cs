using CsCheck;
using Headroom.Model;
using Headroom.Observe;

namespace Headroom.Tests.Observe;

public sealed class AttributionTests
{
    private static readonly string A = new('a', 64);
    private static readonly string B = new('b', 64);
    private static readonly Dictionary<string, string> Names = new() { [A] = "recommender", [B] = "batch" };

    [Fact]
    public void Each_container_is_told_what_its_processes_hold_children_included_and_the_rest_is_unattributed()
    {
        var parts = Of(used: 1000, Process(1, 300, A, 0.5), Process(2, 100, A, 0.25), Process(3, 200, B, 0), Process(4, 50, null, 0));

        Assert.Equal([("batch", 200L, 0.0, 1), ("recommender", 400L, 0.75, 2)],
            parts.Shares.Select(s => (s.Workload, s.UsedBytes, s.SmUse.Known()!.Value, s.Processes)));
        Assert.Equal(400, parts.UnattributedBytes);
        Assert.Equal(4, Assert.Single(parts.Strangers).Pid);
    }

    [Fact]
    public void Hidden_memory_counts_as_unattributed_and_is_said_to_be_hidden()
    {
        var parts = Of(used: 1000, Process(1, null, A, 0.5), Process(2, 100, A, 0.5));
        var share = Assert.Single(parts.Shares);
        Assert.Equal((100L, 1, 900L), (share.UsedBytes, share.HiddenProcesses, parts.UnattributedBytes));
    }

    [Fact]
    public void A_container_that_Docker_has_not_told_of_yet_goes_by_its_short_id()
    {
        var stranger = new string('c', 64);
        Assert.Equal(stranger[..12], Assert.Single(Of(used: 10, Process(1, 10, stranger, 0)).Shares).Workload);
    }

    [Fact]
    public void A_GPU_that_does_not_tell_use_by_process_gives_none()
    {
        var share = Assert.Single(Of(used: 10, new GpuProcess(1, GpuProcessKinds.Compute, 10, null, A, null, null)).Shares);
        Assert.Equal(ReadingState.Unsupported, share.SmUse.State);
    }

    [Fact]
    public void An_idle_container_is_known_to_be_idle() =>
        Assert.Equal(ReadingState.Idle, Assert.Single(Of(used: 10, Process(1, 10, A, 0)).Shares).SmUse.State);

    [Fact]
    public void The_parts_always_sum_to_what_the_card_says()
    {
        var process =
            from container in Gen.Int[0, 2].Select(i => new string?[] { A, B, null }[i])
            from bytes in Gen.Long[0, 80L << 30].Nullable()
            select Process(1, bytes, container, 0.1);
        Gen.Select(process.Array[0, 10], Gen.Long[0, 80L << 30]).Sample((processes, used) =>
        {
            var parts = Of(used, processes);
            Assert.Equal(used, parts.Shares.Sum(s => s.UsedBytes) + parts.UnattributedBytes);
            Assert.True(parts.UnattributedBytes >= 0);
            Assert.All(parts.Shares, s => Assert.True(s.UsedBytes >= 0));
        }, iter: 50_000);
    }

    private static GpuAttribution Of(long used, params GpuProcess[] processes)
    {
        var at = new MonoTime(TimeSpan.FromSeconds(1));
        var gpu = new GpuSample
        {
            Identity = new GpuIdentity(0, "GPU-0", "card", null, null, null, false), Health = GpuHealth.Ok, At = at,
            Memory = Reading.Fresh(new GpuMemory(100L << 30, 0, used, (100L << 30) - used), at), Processes = processes,
        };
        return Assert.Single(Attribution.Of([gpu], Names));
    }

    private static GpuProcess Process(int pid, long? bytes, string? container, double sm) =>
        new(pid, GpuProcessKinds.Compute, bytes, new ProcessUse(sm, 0, 0, 0), container, "python", null);
}
