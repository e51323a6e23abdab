namespace Headroom.Model;

/// <summary>Requests in flight, seen from outside of the workload.</summary>
/// <param name="Confidence">Only at high confidence may a gate depend on it.</param>
/// <param name="InFlight">Now; null when not known.</param>
/// <param name="BusyRatio">Part of the last minute in which at least one was in flight, 0..1.</param>
internal sealed record WorkloadActivity(ActivityConfidence Confidence, int? InFlight, double BusyRatio, MonoTime At)
{
    /// <summary>Why it is not high, for people: where, what, what instead; null where it is high.</summary>
    public string? Why { get; init; }
    /// <summary>Where its requests arrive: watched ports; empty where none is known.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];
    /// <summary>Open connections to these ports.</summary>
    public int Connections { get; init; }
    /// <summary>Of those, the ones that can't be read: TLS, WebSocket, another protocol, joined in the middle.</summary>
    public int Unreadable { get; init; }
    /// <summary>Requests seen to begin since it is watched.</summary>
    public long Requests { get; init; }
    /// <summary>Packets that the kernel could not show in time, since it is watched.</summary>
    public long Missed { get; init; }
    /// <summary>Times that the server's own figures and what is seen from outside spoke against each other for long, since it is watched.</summary>
    public long Disagreements { get; init; }
    /// <summary>Half of the last pauses between requests (up to 64, of the last minute) were shorter; null while fewer than 8 are known.</summary>
    public TimeSpan? MedianGap { get; init; }
}

internal enum ActivityConfidence { None, Low, High }

/// <summary>All workloads that somebody looks at, by container id.</summary>
internal sealed record ActivitySweep(IReadOnlyDictionary<string, WorkloadActivity> ByInstance)
{
    public static readonly ActivitySweep Empty = new(new Dictionary<string, WorkloadActivity>());
}

/// <summary>A workload whose requests in flight are to be watched.</summary>
/// <param name="Ports">Where its requests arrive, as policy or labels say; empty: its preset's, else the ports that its image exposes.</param>
/// <param name="Preset">Of its model server, as named or detected; null: not known.</param>
/// <param name="MetricsPath">Where its metrics are read, if not at <c>/metrics</c>: looking there is no request.</param>
internal sealed record ActivityTarget(ContainerSample Container, IReadOnlyList<int> Ports, string? Preset, string? MetricsPath);

/// <summary>What to watch from now on, whole; and the presets to find ports by. Empty: nothing is watched, and no socket is open.</summary>
internal sealed record ActivityWatchList(IReadOnlyList<ActivityTarget> Targets, IReadOnlyList<Preset> Presets)
{
    public static readonly ActivityWatchList Empty = new([], []);
}
