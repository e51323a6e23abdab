using System.Text.Json.Serialization;
using Headroom.Model;

namespace Headroom.Run.Trials.Replay;

/// <summary>Two policies over the same time, side by side.</summary>
/// <param name="Closed">The server reacts to what each policy does (simulated); else it did not: readings are as they were recorded.</param>
/// <param name="From">Wall clock of the first tick.</param>
/// <param name="To">Wall clock of the last tick.</param>
internal sealed record ReplayReport(bool Closed, DateTimeOffset From, DateTimeOffset To, long Ticks, ReplayArm Base, ReplayArm New)
{
    /// <summary>What the reader should know of how this came about, in sentences.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

/// <summary>What one policy decided, and what came of it.</summary>
/// <param name="Policies">Hashes, in the order in which they came into force.</param>
/// <param name="Seconds">Time covered, gaps left out.</param>
internal sealed record ReplayArm(
    IReadOnlyList<string> Policies, double Seconds, IReadOnlyList<RuleActions> Actions, IReadOnlyList<ReplayedWorkload> Workloads);

/// <summary>New decisions of one rule: what it took, gave back, and would have taken but may not.</summary>
internal sealed record RuleActions(RuleName Rule, long Moves, long Releases, long Refusals);

/// <summary>One workload over the whole time. Times in seconds.</summary>
internal sealed record ReplayedWorkload
{
    public required string Name { get; init; }
    public required Priority Priority { get; init; }
    /// <summary>How long it was there.</summary>
    public double SeenSeconds { get; init; }
    /// <summary>Ran less than it could: at a share, or not at all. A gate is not counted.</summary>
    public double HeldSeconds { get; init; }
    /// <summary>Part of <see cref="HeldSeconds"/>: paused, asleep or stopped.</summary>
    public double StillSeconds { get; init; }
    /// <summary>Stood behind a gate, open or closed.</summary>
    public double GatedSeconds { get; init; }
    /// <summary>Had a cap on its VRAM.</summary>
    public double CappedSeconds { get; init; }
    /// <summary>What either policy wants kept.</summary>
    public IReadOnlyList<ReplayedSlo> Slos { get; init; } = [];
    /// <summary>What the simulator knows and a recording does not; null in a recording.</summary>
    public SimulatedWork? Simulated { get; init; }
}

/// <param name="KnownSeconds">Time in which the pressure was known; idle counts.</param>
/// <param name="AboveSeconds">Time in which it was above 1.</param>
/// <param name="Windows">Five-minute windows that count, and those that kept the SLO. In a recording: in which the pressure was ever known, and was never above 1.
/// Simulated: with enough requests, by their exact quantile.</param>
internal sealed record ReplayedSlo([property: JsonIgnore] Slo Slo, double KnownSeconds, double AboveSeconds, SloWindows Windows)
{
    /// <summary>As policies write it: <c>p95</c>.</summary>
    public string Name => Slo.Name;
    public double TargetSeconds => Slo.Target.TotalSeconds;
}

/// <param name="P95Seconds">Exact, of whole requests; null without requests, or for batch work.</param>
/// <param name="Answered">Requests; null for batch work.</param>
/// <param name="Lost">Requests that found nobody; null for batch work.</param>
/// <param name="Unfinished">Requests in flight at the end; null for batch work.</param>
/// <param name="WorkSeconds">GPU seconds of work that batch got; null for servers.</param>
internal sealed record SimulatedWork(double? P95Seconds, long? Answered, long? Lost, long? Unfinished, double? WorkSeconds);
