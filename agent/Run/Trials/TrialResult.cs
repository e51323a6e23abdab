using Headroom.Model;

namespace Headroom.Run.Trials;

/// <summary>What came of a trial.</summary>
internal sealed record TrialResult
{
    public required TimeSpan Length { get; init; }
    public required IReadOnlyList<ServingOutcome> Serving { get; init; }
    public required IReadOnlyList<BatchOutcome> Batch { get; init; }
    public required IReadOnlyList<TrialTick> Ticks { get; init; }
    /// <summary>Times that something more was taken from a workload: a new hold, a smaller share or cap, a restart. Giving back is not counted.</summary>
    public required int Moves { get; init; }
    /// <summary>By GPU: seconds in which any kernel ran.</summary>
    public required IReadOnlyList<double> GpuBusySeconds { get; init; }

    public ServingOutcome Server(string workload) => Serving.First(outcome => outcome.Workload == workload);

    public BatchOutcome BatchOf(string workload) => Batch.First(outcome => outcome.Workload == workload);

    public double IdleSeconds(int gpu) => Length.TotalSeconds - GpuBusySeconds[gpu];
}

/// <summary>How far a batch workload came.</summary>
/// <param name="WorkSeconds">GPU seconds of work that it got.</param>
/// <param name="LeastShare">Least share of time that it was allowed at any tick; a gate is not counted.</param>
internal sealed record BatchOutcome(string Workload, double WorkSeconds, double LeastShare);

/// <summary>One tick, after the plan was applied.</summary>
/// <param name="At">Since the start of the trial.</param>
/// <param name="Holds">What Headroom held.</param>
internal sealed record TrialTick(TimeSpan At, IReadOnlyDictionary<string, TrialPoint> Workloads, IReadOnlyList<Hold> Holds);

/// <summary>One workload at one tick.</summary>
/// <param name="Pressure">Null while it is not known, or it has no SLO.</param>
/// <param name="RunFraction">Share of time that it may run.</param>
/// <param name="Completed">Requests answered since the start of the trial.</param>
/// <param name="WorkSeconds">Since the start of the trial.</param>
/// <param name="CapBytes">Null: it may hold what it can get.</param>
/// <param name="OutOfMemory">Times that it died for want of memory, since ever.</param>
internal readonly record struct TrialPoint(
    double? Pressure, double RunFraction, bool Alive, long Completed, double WorkSeconds, long HeldBytes, long? CapBytes, int OutOfMemory);
