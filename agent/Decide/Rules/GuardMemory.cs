using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>latencyGuard</c> remembers.</summary>
internal sealed record GuardMemory
{
    public static readonly GuardMemory Nothing = new();

    public IReadOnlyDictionary<string, ProtectedMemory> Protected { get; init; } = new Dictionary<string, ProtectedMemory>();
    public IReadOnlyDictionary<string, ThrottledMemory> Throttled { get; init; } = new Dictionary<string, ThrottledMemory>();
    public MonoTime? JudgedAt { get; init; }
}

/// <summary>One workload that is to be kept fast.</summary>
internal sealed record ProtectedMemory
{
    /// <summary>Pressure has been above the limit since then.</summary>
    public MonoTime? HighSince { get; init; }
    /// <summary>Its histograms when that began, by SLO.</summary>
    public IReadOnlyDictionary<string, LatencyHistogram> HighCounts { get; init; } = new Dictionary<string, LatencyHistogram>();
    public MonoTime? UnknownSince { get; init; }
    /// <summary>Requests answered, as last counted.</summary>
    public double? Completed { get; init; }
    /// <summary>Somebody has waited at each look since then; null when nobody did at the last one.</summary>
    public MonoTime? WaitsSince { get; init; }
    /// <summary>When the server was asked then.</summary>
    public MonoTime? CompletedAt { get; init; }
    /// <summary>Answered while somebody waits, and the seconds that it took: both fade alike.</summary>
    public double Answered { get; init; }
    public double AnsweredSeconds { get; init; }
    /// <summary>When something was last taken from a neighbour for its sake.</summary>
    public MonoTime? ActedAt { get; init; }
    /// <summary>Its histograms at that time, by SLO: what was answered since is news.</summary>
    public IReadOnlyDictionary<string, LatencyHistogram> Counts { get; init; } = new Dictionary<string, LatencyHistogram>();
    /// <summary>All that may be held for its sake has been held since then, and the pressure stayed.</summary>
    public MonoTime? AllHeldSince { get; init; }
    /// <summary>Its neighbours were found not to be the cause: the pressure at that time.</summary>
    public double? ClearedAt { get; init; }
    /// <summary>Who rose before the breach that goes on.</summary>
    public BlameReport? Breach { get; init; }
}

/// <summary>One workload that was throttled.</summary>
internal sealed record ThrottledMemory
{
    public required ThrottleState State { get; init; }
    /// <summary>Share of time, 0..1; its floor while it is suspended.</summary>
    public required double Share { get; init; }
    public required MonoTime Since { get; init; }
    /// <summary>Not better before then.</summary>
    public required MonoTime ReadyAt { get; init; }
    /// <summary>Times that it was suspended, each within an hour of the one before.</summary>
    public int Suspensions { get; init; }
    public MonoTime? SuspendedAt { get; init; }
    /// <summary>Stopping is a restart in the end: not again within its cooldown.</summary>
    public MonoTime? EvictedAt { get; init; }
    /// <summary>For whose sake, last.</summary>
    public required string For { get; init; }
    public required Reason Reason { get; init; }
}
