using System.Globalization;
using System.Text;
using Headroom.Model;

namespace Headroom.Run.Trials;

/// <summary>What each way of sharing costs the model and gives the batch work: every arm sees the same requests.</summary>
internal sealed record MeasuredTable
{
    /// <summary>A simulated day an arm.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromDays(1);
    public long Seed { get; init; } = 1;
    /// <summary>What a GPU that is frozen from the CPU still runs.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromMilliseconds(10);
    /// <summary>The batch neighbour's.</summary>
    public double Floor { get; init; } = WorkloadPolicy.DefaultFloor;
    /// <summary>SLO / isolated p95.</summary>
    public double Slack { get; init; } = 1.5;
    /// <summary>Makes a planner without memory; null: plans by hand stand in for it where that is possible.</summary>
    public Func<Decider>? Planner { get; init; }

    /// <param name="gapCv">Of the time between requests; 1: Poisson.</param>
    public IReadOnlyList<MeasuredArm> Run(double gapCv, CancellationToken stop = default)
    {
        var alone = SimulatedTrial.Run(Setup(gapCv, MeasuredScenario.Policy(null, Yields.Never), withBatch: false), FixedPlans.Nothing, stop);
        var isolated = alone.Server(MeasuredScenario.Critical).Quantile(0.95)
            ?? throw new InvalidOperationException($"no request was answered in {Length}; give the trial more time");
        var target = TimeSpan.FromSeconds(Slack * isolated);
        var arms = new List<MeasuredArm> { Arm("isolated", alone) };
        Add("unmanaged", Yields.Never, FixedPlans.Nothing);
        Add("fixed share 25 %", Yields.Never, FixedPlans.Share(MeasuredScenario.Batch, 0.25));
        if (Planner is not null)
            Add("latencyGuard (yields: share)", Yields.Share, Planner());
        Add("gate (yields: gate)", Yields.Gate, Planner?.Invoke() ?? FixedPlans.Gate(MeasuredScenario.Batch, MeasuredScenario.Critical));
        return arms;

        void Add(string name, Yields yields, Decider decide) =>
            arms.Add(Arm(name, SimulatedTrial.Run(Setup(gapCv, MeasuredScenario.Policy(target, yields, Floor), withBatch: true), decide, stop)));

        MeasuredArm Arm(string name, TrialResult result) => new(name, gapCv, result, isolated, alone.IdleSeconds(0), MeasuredScenario.Slo(target));
    }

    /// <summary>Both kinds of arrivals as one Markdown table.</summary>
    public string Markdown(CancellationToken stop = default)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"Simulated: {Length.TotalHours:0.##} h an arm, seed {Seed}, requests of {MeasuredScenario.ServiceSeconds * 1000:0} ms at load {MeasuredScenario.Load}, drain {Drain.TotalMilliseconds:0.##} ms, ");
        text.Append(CultureInfo.InvariantCulture, $"batch floor {Floor * 100:0.##} %, SLO p95 = {Slack} x isolated.\n\n");
        text.Append("| arrivals | arm | p50 ms | p95 ms | p99 ms | p95 / isolated | SLO windows kept | batch work / idle time | batch share min | moves |\n");
        text.Append("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var gapCv in new[] { 1.0, 13 })
            foreach (var arm in Run(gapCv, stop))
                text.Append(arm.Row()).Append('\n');
        return text.ToString();
    }

    private TrialSetup Setup(double gapCv, Policy policy, bool withBatch) =>
        new(MeasuredScenario.Create(gapCv, Drain, withBatch), policy, Length) { Seed = Seed };
}

/// <summary>One row.</summary>
/// <param name="IsolatedP95">Seconds, of the same requests without a neighbour.</param>
/// <param name="IdleSeconds">Of the GPU without a neighbour.</param>
internal sealed record MeasuredArm(string Name, double GapCv, TrialResult Result, double IsolatedP95, double IdleSeconds, Slo Slo)
{
    public ServingOutcome Critical => Result.Server(MeasuredScenario.Critical);
    /// <summary>Null in the arm without a neighbour.</summary>
    public BatchOutcome? Batch => Result.Batch is [var only, ..] ? only : null;
    public double P95OverIsolated => Critical.Quantile(0.95)!.Value / IsolatedP95;
    public double? BatchOverIdle => Batch?.WorkSeconds / IdleSeconds;

    public string Row()
    {
        var windows = Critical.Windows(Slo);
        var arrivals = GapCv == 1 ? "Poisson" : string.Create(CultureInfo.InvariantCulture, $"gap CV {GapCv}");
        return string.Create(CultureInfo.InvariantCulture,
            $"| {arrivals} | {Name} | {Ms(0.5)} | {Ms(0.95)} | {Ms(0.99)} | {P95OverIsolated:0.000} | {windows.Ratio * 100:0.0} % of {windows.Counted} | {BatchOverIdle:0.000} | {Batch?.LeastShare:0.00} | {Result.Moves} |");
    }

    private string Ms(double rank) => string.Create(CultureInfo.InvariantCulture, $"{Critical.Quantile(rank) * 1000:0}");
}
