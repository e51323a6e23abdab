using System.Globalization;
using System.Text;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Caps;

/// <summary>Scenario 6 with everything real but the card: VRAM moves from batch to a critical model while both run, and back.</summary>
[Collection(nameof(OtherPatientNode))]
public sealed class MovingMemoryTests(DockerDaemon docker, ITestOutputHelper output)
{
    // Of 40 GiB: 1 GiB stays in reserve. A guarantee is no number that it holds; it is what it can have at any time.
    private const string Policy = """
        vram: { strategy: priority, reserve: 1GiB }
        limits: { maxHeld: 100% }
        rules: { vramCaps: { every: 100ms, startUp: 0 }, runawayMemory: off }
        workloads:
          - { name: chat, match: { composeService: chat }, priority: critical, vram: { guarantee: 8GiB } }
          - { name: embedding, match: { composeService: embedding }, priority: batch }
        """;

    private readonly StringBuilder _timeline = new();

    [Fact]
    public void Memory_moves_from_batch_to_a_critical_model_and_back_while_both_run()
    {
        using var node = new CapsNode(docker);
        node.Policy(Policy);
        node.Run("chat", "exec greedy --path vmm --mib 2048 --most 4096 --hold 600");
        node.Run("embedding", "exec greedy --path plain --mib 2048 --most 8192 --hold 600");
        using var guard = node.StartGuard();
        node.Start();
        node.Go("chat");
        node.Go("embedding");
        node.Until(() => node.CapMiB("chat") is not null && node.CapMiB("embedding") is not null);
        // Batch may have what nobody above it uses or is guaranteed.
        node.Until(() => node.CapMiB("embedding") > 20 << 10);
        var night = Note(node, "night");
        Assert.True(night.Chat >= 8 << 10);

        for (var i = 0; i < 5; i++)
            Grow(node, "chat");
        node.Until(() => node.CapMiB("embedding") < night.Batch - (6 << 10) && node.CapMiB("chat") > 14 << 10);
        var day = Note(node, "day: chat has grown by 10 GiB");

        // Batch takes what it may and is refused more; the model's next step goes through all the same.
        while (TryGrow(node, "embedding"))
            Note(node, "embedding grows");
        Note(node, "embedding is refused");
        node.Until(() => node.Said("embedding", "CUDA_ERROR_OUT_OF_MEMORY"));
        Assert.True(Used(node, "embedding") <= node.CapMiB("embedding"));
        Grow(node, "chat");
        Note(node, "chat grows beside a full batch");

        var before = node.CapMiB("embedding")!.Value;
        node.Signal("chat", "USR2");
        node.Until(() => node.Said("chat", "freed, 0 MiB left"));
        node.Until(() => node.CapMiB("embedding") > before + (6 << 10));
        Note(node, "evening: chat has given all back");
        Assert.True(TryGrow(node, "embedding"));
        var late = Note(node, "embedding grows again");
        Assert.True(late.Chat >= 8 << 10);
        Assert.False(node.Said("chat", "OUT_OF_MEMORY"), "the model was refused something");
        output.WriteLine(_timeline.ToString());
    }

    private (double Chat, double Batch) Note(CapsNode node, string what)
    {
        var (chat, batch) = (node.CapMiB("chat") ?? 0, node.CapMiB("embedding") ?? 0);
        _timeline.AppendLine(CultureInfo.InvariantCulture,
            $"{what,-34} chat {Used(node, "chat") / 1024,5:0.0} of {chat / 1024,5:0.0} GiB   embedding {Used(node, "embedding") / 1024,5:0.0} of {batch / 1024,5:0.0} GiB");
        // What both may hold together always fits beside the reserve.
        Assert.True(chat + batch <= 39 << 10, _timeline.ToString());
        return (chat, batch);
    }

    private static double Used(CapsNode node, string workload) => node.Metric($"headroom_workload_gpu_memory_used_bytes{{workload=\"{workload}\",gpu=\"0\"}}") / (1 << 20) ?? 0;

    private static void Grow(CapsNode node, string service) => node.Until(() => TryGrow(node, service), $"{service} to grow");

    /// <summary>Has it try its next allocation; whether it got it, once NVML shows that.</summary>
    private static bool TryGrow(CapsNode node, string service)
    {
        var (before, used) = (node.Lines(service).Length, Used(node, service));
        node.Signal(service, "USR1");
        node.Until(() => node.Lines(service).Skip(before).Any(l => l.StartsWith("free", StringComparison.Ordinal)), $"{service} to answer");
        if (!node.Lines(service).Skip(before).Any(l => l.StartsWith("allocated", StringComparison.Ordinal)))
            return false;
        node.Until(() => Used(node, service) > used, $"the card to show what {service} got");
        return true;
    }
}
