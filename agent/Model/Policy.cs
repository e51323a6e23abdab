namespace Headroom.Model;

/// <summary>How far Headroom may go. The least of flag, policy, workload and label counts.</summary>
internal enum Mode
{
    /// <summary>Watch and export; touch nothing.</summary>
    Observe,
    /// <summary>Decide and tell; touch nothing.</summary>
    Recommend,
    /// <summary>Act.</summary>
    Enforce,
}

internal static class Modes
{
    /// <summary>The lesser of both; null limits nothing.</summary>
    public static Mode AtMost(this Mode mode, Mode? limit) => limit < mode ? limit.Value : mode;
}

internal enum Priority
{
    /// <summary>Work that can wait.</summary>
    Batch,
    Standard,
    /// <summary>Must stay fast.</summary>
    Critical,
}

/// <summary>How a workload stands aside for a more important one on its GPU.</summary>
internal enum Yields
{
    /// <summary>Runs exactly while no important request is in flight.</summary>
    Gate,
    /// <summary>Runs a share of the time.</summary>
    Share,
    Never,
}

/// <summary>The latency to keep on one signal.</summary>
/// <param name="Rank">Quantile 0..1.</param>
/// <param name="Target">Positive.</param>
internal sealed record Slo(LatencySignal Signal, double Rank, TimeSpan Target)
{
    /// <summary>As in policies: <c>p95</c>, <c>ttftP95</c>, <c>itlP95</c>, <c>queueP95</c>.</summary>
    public string Name
    {
        get
        {
            // Rules ask for it each tick.
            if (SloWords.Of(Signal, Rank) is { } known)
                return known;
            var rank = $"{Rank * 100:0.##}";
            return Signal == LatencySignal.EndToEnd ? $"p{rank}" : $"{PresetFields.Word(Signal)}P{rank}";
        }
    }
}

/// <summary>The user's whole policy. Immutable; a reload makes a new one and swaps it whole.</summary>
internal sealed record Policy
{
    /// <summary>Of the text it was read from: first 12 hex digits of its SHA-256; <c>none</c> without a policy.</summary>
    public required string Hash { get; init; }
    /// <summary>Files it was read from; empty without a policy.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
    public Mode Mode { get; init; } = Mode.Observe;
    /// <summary>From then on <see cref="Mode.Enforce"/> counts as <see cref="Mode.Recommend"/>; null: for good.</summary>
    public DateTimeOffset? EnforceUntil { get; init; }
    public VramPolicy Vram { get; init; } = new();
    public Priority DefaultPriority { get; init; } = Priority.Standard;
    public IReadOnlyList<WorkloadEntry> Workloads { get; init; } = [];
    public IReadOnlyList<Window> Windows { get; init; } = [];
    public RulesPolicy Rules { get; init; } = new();
    public IReadOnlyList<AlertPolicy> Alerts { get; init; } = [];
    public LimitsPolicy Limits { get; init; } = new();
    public IReadOnlyList<NotifyChannel> Notify { get; init; } = [];
    /// <summary>Built-in presets, then the user's; a user's of the same name replaces the built-in.</summary>
    public IReadOnlyList<Preset> Presets { get; init; } = [];
}

/// <summary>One entry of <c>workloads:</c>.</summary>
internal sealed record WorkloadEntry
{
    public required string Name { get; init; }
    public required WorkloadMatch Match { get; init; }
    public Mode? Mode { get; init; }
    public Priority? Priority { get; init; }
    public IReadOnlyList<Slo> Slos { get; init; } = [];
    public long? GuaranteeBytes { get; init; }
    public long? CapBytes { get; init; }
    public double? VramWeight { get; init; }
    public Yields? Yields { get; init; }
    public double? Floor { get; init; }
    public WindowUse? Window { get; init; }
    public GroupUse? Group { get; init; }
    public RestartPolicy? Restart { get; init; }
    public IReadOnlyList<int> Ports { get; init; } = [];
    public MetricsSource? Metrics { get; init; }
    /// <summary>Where the entry stands, e.g. <c>policy.yaml:12</c>.</summary>
    public required string Source { get; init; }
}

/// <summary>All that are given must match. <c>*</c> and <c>?</c> are globs.</summary>
internal sealed record WorkloadMatch(string? Container = null, string? ComposeService = null, string? Image = null, string? Label = null)
{
    /// <summary>Names the workload itself, without a glob: only such an entry opts in to being acted on.</summary>
    public bool OptsIn => IsPlain(Container) || IsPlain(ComposeService);

    private static bool IsPlain(string? pattern) => pattern is not null && pattern.AsSpan().IndexOfAny('*', '?') < 0;
}

/// <summary>Where a workload's latency is read, when the user says so.</summary>
/// <param name="Preset">Name of a preset; null: detect.</param>
/// <param name="Port">Container port.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Probe">Ask the model itself now and then, instead of reading metrics.</param>
/// <param name="Query">Read from a Prometheus server instead.</param>
/// <param name="Textfile">Absolute path of a file in the Prometheus text format, instead.</param>
internal sealed record MetricsSource(
    string? Preset = null, int? Port = null, string? Path = null, HttpProbe? Probe = null, PrometheusQuery? Query = null, string? Textfile = null);

/// <param name="Method">GET or POST.</param>
/// <param name="Path">On the workload itself.</param>
/// <param name="Body">JSON sent with a POST.</param>
/// <param name="Every">How often; each is a real request.</param>
internal sealed record HttpProbe(string Method, string Path, int? Port, string? Body, TimeSpan Every);

/// <summary>PromQL against a Prometheus server; each query must give one value.</summary>
/// <param name="Url">Base address of the server.</param>
/// <param name="Seconds">SLO words (<c>p95</c>, <c>ttftP95</c> ...) to queries that give seconds.</param>
/// <param name="Running">Query of the requests in flight; null: unknown.</param>
internal sealed record PrometheusQuery(string Url, IReadOnlyDictionary<string, string> Seconds, string? Running);

/// <summary>What holds for one container after defaults, the policy's entry and its labels were put together.</summary>
internal sealed record WorkloadPolicy
{
    /// <summary>The policy entry that matched; null for labels or defaults only.</summary>
    public string? Entry { get; init; }
    /// <summary>Opted in: Headroom may act on it (in mode enforce).</summary>
    public bool Managed { get; init; }
    /// <summary>Never acted on, whatever else is said: <c>headroom.exempt</c>, or Headroom's own stack.</summary>
    public bool Exempt { get; init; }
    public Mode Mode { get; init; } = Mode.Observe;
    public Priority Priority { get; init; } = Priority.Standard;
    public Yields Yields { get; init; } = Yields.Share;
    public IReadOnlyList<Slo> Slos { get; init; } = [];
    public long? GuaranteeBytes { get; init; }
    public long? CapBytes { get; init; }
    public IReadOnlyList<int> Ports { get; init; } = [];
    public MetricsSource? Metrics { get; init; }
    /// <summary>Its weight among those of its priority, where VRAM is shared out.</summary>
    public double VramWeight { get; init; } = 1;
    /// <summary>The least share of time that it keeps while it is throttled, 0..1.</summary>
    public double Floor { get; init; } = DefaultFloor;
    public WindowUse? Window { get; init; }
    public GroupUse? Group { get; init; }
    public RestartPolicy Restart { get; init; } = new();
    /// <summary>Mistakes in its labels, each naming label, value and what would be right.</summary>
    public IReadOnlyList<string> LabelMistakes { get; init; } = [];

    /// <summary>Of batch.</summary>
    public const double DefaultFloor = 0.1;
    /// <summary>Of what answers people: a tenth of the time would make its queue grow without end.</summary>
    public const double DefaultServingFloor = 0.5;

    public static double FloorOf(Priority priority) => priority == Priority.Batch ? DefaultFloor : DefaultServingFloor;

    /// <summary>Read each second: someone is to be kept fast here.</summary>
    public bool Protected => Slos.Count > 0 || Priority == Priority.Critical;
}
