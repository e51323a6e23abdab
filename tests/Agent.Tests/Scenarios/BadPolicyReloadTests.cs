using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Run.Trials;
using Headroom.Simulate;
using Microsoft.Extensions.Logging.Abstractions;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>Somebody saves a policy with a mistake while the agent enforces the one before.</summary>
public sealed class BadPolicyReloadTests : IDisposable
{
    private const string Good = """
        apiVersion: headroom/v1
        mode: enforce
        vram: { reserve: 4GiB }
        workloads:
          - name: chat
            match: { container: chat }
            priority: critical
            slo: { p95: 400ms }
            vram: { cap: 20GiB }
          - name: embedding
            match: { container: embedding }
            priority: batch
            yields: gate
            vram: { cap: 10GiB }
        """;

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("p95: 400ms", "p95: 400 bananas")]
    [InlineData("priority: critical", "priority: criticl")]
    [InlineData("cap: 10GiB", "cap: 10GiB, cap: 12GiB")]
    [InlineData("workloads:", "workloads: [")]
    [InlineData("vram: { reserve: 4GiB }", "vram: { reserve: 4GiB, strategy: fair }")]
    public void Nothing_changes_and_the_mended_one_counts_from_the_next_tick(string right, string wrong)
    {
        Write(Good);
        var time = new ManualTime(new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        var node = new SimulatedNode(
            new Situation(Good, Server("chat", 0.1, 0.3), Batch("embedding", 1000, new(9, 0, 10))).Scenario, new SimulationOptions { StartsAt = time.GetUtcNow() }, time);
        var store = new PolicyStore(_file, PolicyLoader.Load(_file).Policy!, time, NullLogger<PolicyStore>.Instance);
        var loop = new NodeLoop(
            new NodeSources(node.Gpus, node.Workloads, node.Latency, node.Activity), new SnapshotAssembly("simulated"), () => store.Current,
            new SelfStatus("0", "0", time.GetUtcNow(), Mode.Enforce, true), TrialSetup.Tick, () => Headroom.Decide.Planner.AllRules, () => [], node.Reconciler, null, time,
            NullLogger<NodeLoop>.Instance);
        for (var i = 0; i < 30; i++)
            Tick();
        var before = Tick();
        Assert.Equal([20 * GiB, 10 * GiB], Caps(before));

        Write(Good.Replace(right, wrong, StringComparison.Ordinal));
        Assert.NotEmpty(store.Reload());
        var after = Tick();
        Assert.Equal(Wishes(before), Wishes(after));
        Assert.Equal((before.Plan!.PolicyHash, 1L), (after.Plan!.PolicyHash, after.Policy.ReloadFailures));
        Assert.Equal(before.Snapshot.Act.Holds, after.Snapshot.Act.Holds);

        Write(Good.Replace("cap: 10GiB", "cap: 8GiB", StringComparison.Ordinal));
        Assert.Empty(store.Reload());
        Assert.Equal([20 * GiB, 8 * GiB], Caps(Tick()));
        Assert.Equal(8 * GiB, node.Look((world, _) => world["embedding"].VramCapBytes));

        NodeView Tick()
        {
            time.Advance(TrialSetup.Tick);
            node.Gpus.Sweep();
            node.Workloads.Sweep();
            node.Latency.Sweep();
            node.Activity.Sweep();
            return loop.Tick();
        }
    }

    private void Write(string text) => File.WriteAllText(_file, text);

    private static IEnumerable<long> Caps(NodeView view) => view.Plan!.Wanted.SelectMany(wanted => wanted.Caps).Select(cap => cap.Bytes);

    /// <summary>What is wanted of whom, without the numbers in its reasons: they follow the readings.</summary>
    private static IEnumerable<string> Wishes(NodeView view) =>
    [
        .. view.Plan!.Wanted.Select(wanted => $"{wanted.Workload.Name} {wanted.Mode} {wanted.Run?.Limit} {string.Join(' ', wanted.Caps.Select(cap => $"{cap.Gpu}:{cap.Bytes}"))}"),
        .. view.Plan.Yields.Select(yield => $"{yield.Batch.Name} yields to {string.Join(' ', yield.Protected.Select(p => p.Name))} at {yield.Floor}"),
    ];
}
