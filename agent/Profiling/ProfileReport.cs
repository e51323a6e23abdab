namespace Headroom.Profiling;

/// <summary>What <c>headroom profile</c> found out about one model server, as it is kept in a file: JSON, camelCase, times in seconds, memory in bytes, ratios 0..1.
/// Null: not known here, which is never 0.</summary>
internal sealed record ProfileReport
{
    public const string CurrentFormat = "headroom-profile/v1";

    public string Format { get; init; } = CurrentFormat;
    /// <summary>Version of the program that measured.</summary>
    public required string Headroom { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required double Seconds { get; init; }
    /// <summary>Why it ended before all was measured (Ctrl-C, the budget, a server that went away); null: all was.</summary>
    public string? EndedEarly { get; init; }
    public required ProfileTarget Target { get; init; }
    public required RequestSummary Request { get; init; }
    public required ArrivalSummary Arrivals { get; init; }
    /// <summary>One request at a time, nothing waiting: what an answer costs. Null: it was not measured to the end.</summary>
    public LatencySummary? Unloaded { get; init; }
    /// <summary>In the order in which they were measured; rates rise within each part of the search.</summary>
    public IReadOnlyList<ProfileStep> Steps { get; init; } = [];
    public ProfileKnee? Knee { get; init; }
    /// <summary>The GPUs that hold memory of the target.</summary>
    public IReadOnlyList<ProfileVram> Vram { get; init; } = [];
    /// <summary>Others that held memory on the same GPUs meanwhile; empty: it was alone.</summary>
    public IReadOnlyList<ProfileNeighbour> Neighbours { get; init; } = [];
    public ProfileInterference? Beside { get; init; }
    public required ProposedEntry Proposal { get; init; }
    /// <summary>What a reader should know before believing the figures.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <param name="Name">As policies would call it: the compose service, else the container, else host and port.</param>
/// <param name="Container">Null: no container was found behind the address.</param>
internal sealed record ProfileTarget(string Name, string Url, string? Container = null, string? ComposeService = null, string? Image = null);

/// <param name="From">File or preset that it came from.</param>
/// <param name="Streams">The answers came in events.</param>
internal sealed record RequestSummary(string From, string Method, string Path, int BodyBytes, bool Streams);

/// <param name="Cv">Coefficient of variation of the gaps: 1 is Poisson, more is bursty.</param>
/// <param name="Seed">The same seed asks at the same moments.</param>
internal sealed record ArrivalSummary(double Cv, int Seed);

/// <summary>Quantiles in seconds over all requests, from the moment at which each was due. One without an answer counts with the time it has waited.</summary>
internal sealed record LatencySummary(int Count, double Mean, double P50, double P90, double P95, double P99, double Max);

/// <summary>Some seconds of traffic at one rate.</summary>
internal sealed record ProfileStep
{
    /// <summary>What the step was for: <c>search</c>, <c>sweep</c>, <c>alone</c> or <c>together</c>.</summary>
    public required string Part { get; init; }
    /// <summary>Requests per second that were asked.</summary>
    public required double AskedPerSecond { get; init; }
    public required double Seconds { get; init; }
    public required int Sent { get; init; }
    public required int Answered { get; init; }
    public required int Failed { get; init; }
    /// <summary>Had no answer when waiting ended.</summary>
    public required int Unanswered { get; init; }
    /// <summary>Good answers per second while requests were coming.</summary>
    public required double AnsweredPerSecond { get; init; }
    /// <summary>Null: there was no request.</summary>
    public LatencySummary? Latency { get; init; }
    /// <summary>Time to the first event of a streamed answer.</summary>
    public LatencySummary? Ttft { get; init; }
    /// <summary>Between two events of a streamed answer.</summary>
    public LatencySummary? Itl { get; init; }
    /// <summary>Words of what went wrong, e.g. <c>HTTP 503</c>, and how often.</summary>
    public IReadOnlyDictionary<string, int> Errors { get; init; } = new Dictionary<string, int>();
    public long? VramPeakBytes { get; init; }
    /// <summary>Mean of the target's own, else null.</summary>
    public double? SmUse { get; init; }
    /// <summary>Mean of all its GPUs together, neighbours included.</summary>
    public double? PowerWatts { get; init; }
    /// <summary>The client's own delay: how late the latest of its requests left.</summary>
    public double ClientLateSeconds { get; init; }
    /// <summary>More was asked than is answered: latency grows as long as it goes on.</summary>
    public required bool Saturated { get; init; }
}

/// <param name="RequestsPerSecond">The highest rate at which <paramref name="P95Seconds"/> is kept.</param>
/// <param name="P95Seconds">The latency that marks it: <paramref name="Factor"/> times the unloaded p95.</param>
/// <param name="CapacityPerSecond">Good answers per second under more traffic than it can take; null: it never had too much.</param>
/// <param name="Reached">False: even the highest rate measured was below the knee, which is somewhere above.</param>
internal sealed record ProfileKnee(double RequestsPerSecond, double P95Seconds, double Factor, double? CapacityPerSecond, bool Reached);

/// <summary>The target's memory on one GPU, by process as NVML tells it.</summary>
/// <param name="IdleBytes">Before the first request.</param>
/// <param name="PeakBytes">The most that was seen.</param>
/// <param name="AfterBytes">After the last answer: memory that stays is the server's floor from now on.</param>
internal sealed record ProfileVram(int Gpu, string Name, string Uuid, long CardBytes, long IdleBytes, long PeakBytes, long AfterBytes);

internal sealed record ProfileNeighbour(string Name, int Gpu, long Bytes, double? SmUse);

/// <summary>Who slows whom, and how much.</summary>
/// <param name="Other">Name of the other server.</param>
/// <param name="Alone">Target, other: each at its rate while the other had no requests.</param>
/// <param name="Together">Target, other: both at once.</param>
/// <param name="SlowdownOfTarget">p95 together / p95 alone.</param>
internal sealed record ProfileInterference(
    string Other, IReadOnlyList<ProfileStep> Alone, IReadOnlyList<ProfileStep> Together, double SlowdownOfTarget, double SlowdownOfOther);

/// <summary>A <c>workloads:</c> entry to start from.</summary>
/// <param name="Name">Of the entry.</param>
/// <param name="Match">Key of <c>match:</c>, <c>composeService</c> or <c>container</c>, and its value; null: there is no container to match.</param>
/// <param name="Reasons">Why each key is as it is: key -> sentence.</param>
internal sealed record ProposedEntry(
    string Name, ProposedMatch? Match, string Priority, double? SloP95Seconds, double? SloTtftP95Seconds, long? GuaranteeBytes, long? CapBytes, IReadOnlyDictionary<string, string> Reasons);

internal sealed record ProposedMatch(string Key, string Value);
