using Headroom.Model;
using Headroom.Run.Trials;

namespace Headroom.Tests.Run.Trials;

/// <summary>The measured table in short and loosely; <c>dotnet run -c Release --project tests/Agent.Benchmarks -- table</c> prints the long one.</summary>
public sealed class MeasuredTableTests
{
    private static readonly MeasuredTable Table = new() { Length = TimeSpan.FromHours(3), Planner = PlannerDecider.New };
    private static readonly Lazy<IReadOnlyList<MeasuredArm>> Poisson = new(() => Table.Run(1));

    [Fact]
    public void Shares_keep_the_SLO_of_a_critical_model_beside_always_hungry_batch_and_batch_its_floor()
    {
        var arms = Poisson.Value;
        var guard = arms.Single(arm => arm.Name.StartsWith("latencyGuard", StringComparison.Ordinal));
        var unmanaged = arms.Single(arm => arm.Name == "unmanaged");
        Assert.True(Kept(unmanaged) < 0.1, $"without Headroom {Kept(unmanaged):P0} of the windows are kept: nothing to show");
        Assert.True(Kept(guard) >= 0.9, $"{Kept(guard):P1} of the five-minute windows kept");
        foreach (var tick in guard.Result.Ticks.Skip(60))
        {
            var batch = tick.Workloads[MeasuredScenario.Batch].RunFraction;
            Assert.True(batch >= WorkloadPolicy.DefaultFloor - 1e-9 || tick.Holds.Any(h => h.Lever == Lever.Pause), $"{tick.At}: batch runs {batch:P0} of the time");
        }
    }

    [Fact]
    public void The_gate_costs_the_critical_model_next_to_nothing_and_leaves_batch_the_idle_time()
    {
        var gate = Poisson.Value.Single(arm => arm.Name.StartsWith("gate", StringComparison.Ordinal));
        Assert.True(gate.P95OverIsolated <= 1.2, $"p95 is {gate.P95OverIsolated:0.000} of isolated");
        Assert.True(gate.BatchOverIdle >= 0.85, $"batch got {gate.BatchOverIdle:0.000} of the idle time");
    }

    /// <summary>A day of it costs 7 %; a part of a day has its few bursts near the backlog that the world begins with.</summary>
    [Fact]
    public void Also_in_bursts()
    {
        var length = TimeSpan.FromHours(8);
        TrialResult Run(bool withBatch, Yields yields) => SimulatedTrial.Run(
            new TrialSetup(MeasuredScenario.Create(13, TimeSpan.FromMilliseconds(10), withBatch), MeasuredScenario.Policy(TimeSpan.FromSeconds(12), yields), length),
            PlannerDecider.New(), TestContext.Current.CancellationToken);
        var (alone, gated) = (Run(false, Yields.Never), Run(true, Yields.Gate));
        var ratio = gated.Server(MeasuredScenario.Critical).Quantile(0.95) / alone.Server(MeasuredScenario.Critical).Quantile(0.95);
        Assert.True(ratio <= 1.8, $"p95 is {ratio:0.000} of isolated");
        Assert.True(gated.BatchOf(MeasuredScenario.Batch).WorkSeconds >= 0.85 * alone.IdleSeconds(0));
    }

    private static double Kept(MeasuredArm arm) => arm.Critical.Windows(arm.Slo).Ratio ?? 0;
}
