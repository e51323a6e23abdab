namespace Headroom.Model;

/// <summary>How to read one kind of model server: data, written in YAML (<c>agent/Policies/Presets</c>), extended by users in their policy.</summary>
internal sealed record Preset
{
    public required string Name { get; init; }
    public PresetFormat Format { get; init; } = PresetFormat.Prometheus;
    /// <summary>Whether the names were checked against a real capture or only against documents.</summary>
    public PresetEvidence Verified { get; init; } = PresetEvidence.Docs;
    /// <summary>Ports to try when neither policy, labels nor command line name one.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];
    /// <summary>Paths to try, in order. Nothing else is ever asked: some servers act on a GET.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];
    /// <summary>How often the server refreshes what it shows, when not at each request: counters that stand still for so long say nothing.</summary>
    public TimeSpan Refresh { get; init; }
    public PresetDetection Detect { get; init; } = new();
    /// <summary>What to read: a vocabulary word (see <see cref="PresetFields"/>) to alternatives, the first that the server has wins.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<PresetField>> Fields { get; init; } = new Dictionary<string, IReadOnlyList<PresetField>>();
}

internal enum PresetFormat { Prometheus, Json }

internal enum PresetEvidence { Docs, Capture }

/// <summary>What gives a server away, in the order in which it is trusted.</summary>
internal sealed record PresetDetection
{
    /// <summary>Ends of image repositories without registry, tag and digest, e.g. <c>vllm/vllm-openai</c>; a trailing <c>*</c> matches the rest.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];
    /// <summary>Words of the command line; several in one entry must stand in a row. A word also matches the end of a path and the packages above a module.</summary>
    public IReadOnlyList<string> Argv { get; init; } = [];
    /// <summary>Names of environment variables; a trailing <c>*</c> matches the rest.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];
    /// <summary>Beginnings of metric names (Prometheus), or a property of the answer (JSON); several in one entry, separated by a space, must all be there.</summary>
    public IReadOnlyList<string> Prefixes { get; init; } = [];
    /// <summary>Command line flags that carry the port, e.g. <c>--port</c>; without a leading dash an environment variable.</summary>
    public IReadOnlyList<string> PortFlags { get; init; } = [];
}

/// <summary>Where one quantity is found.</summary>
/// <param name="Name">Family name without <c>_bucket</c>, <c>_sum</c> or <c>_count</c>; for JSON a path such as <c>models[].size_vram</c>.</param>
/// <param name="Kind">What the family is.</param>
/// <param name="Unit">What one unit of it is, in seconds or bytes: 1, 0.001, 0.000001, 1048576 ...</param>
/// <param name="Where">Labels that a series must have, e.g. <c>tp_rank="0"</c>; with <c>!</c> in front of the value, must not have.</param>
/// <param name="Count">For sums: the family that counts.</param>
/// <param name="Minus">For JSON: a path whose value is taken off.</param>
internal sealed record PresetField(
    string Name, PresetFieldKind Kind, double Unit = 1, IReadOnlyDictionary<string, string>? Where = null, string? Count = null, string? Minus = null);

internal enum PresetFieldKind { Histogram, Summary, Counter, Gauge, SumAndCount }

/// <summary>The vocabulary that presets map to.</summary>
internal static class PresetFields
{
    public const string EndToEnd = "e2e";
    public const string TimeToFirstToken = "ttft";
    public const string InterToken = "itl";
    public const string Queue = "queue";
    public const string Running = "running";
    public const string Waiting = "waiting";
    public const string Requests = "requests";
    public const string Failed = "failed";
    public const string PromptTokens = "promptTokens";
    public const string GeneratedTokens = "generatedTokens";
    public const string KvCache = "kvCache";
    public const string Reserved = "reservedBytes";
    public const string Allocated = "allocatedBytes";

    public static readonly IReadOnlyList<string> All =
    [
        EndToEnd, TimeToFirstToken, InterToken, Queue, Running, Waiting, Requests, Failed,
        PromptTokens, GeneratedTokens, KvCache, Reserved, Allocated,
    ];

    /// <summary>The latency signal that a word stands for; null for counters and gauges.</summary>
    public static LatencySignal? Signal(string word) => word switch
    {
        EndToEnd => LatencySignal.EndToEnd,
        TimeToFirstToken => LatencySignal.TimeToFirstToken,
        InterToken => LatencySignal.InterToken,
        Queue => LatencySignal.Queue,
        _ => null,
    };

    /// <summary>The word of a signal: also the metric label <c>signal</c>.</summary>
    public static string Word(LatencySignal signal) => signal switch
    {
        LatencySignal.EndToEnd => EndToEnd,
        LatencySignal.TimeToFirstToken => TimeToFirstToken,
        LatencySignal.InterToken => InterToken,
        _ => Queue,
    };
}
