namespace Headroom.Model;

/// <summary>Requests in flight, seen from outside of the workload.</summary>
/// <param name="Confidence">Only at high confidence may a gate depend on it.</param>
/// <param name="InFlight">Now; null when not known.</param>
/// <param name="BusyRatio">Part of the last minute in which at least one was in flight, 0..1.</param>
internal sealed record WorkloadActivity(ActivityConfidence Confidence, int? InFlight, double BusyRatio, MonoTime At);

internal enum ActivityConfidence { None, Low, High }

/// <summary>All workloads that somebody looks at, by container id.</summary>
internal sealed record ActivitySweep(IReadOnlyDictionary<string, WorkloadActivity> ByInstance)
{
    public static readonly ActivitySweep Empty = new(new Dictionary<string, WorkloadActivity>());
}
