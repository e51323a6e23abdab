using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>What else a server tells beside latencies.</summary>
[Flags]
internal enum Tells
{
    None = 0,
    Requests = 1,
    Failed = 2,
    Running = 4,
    Waiting = 8,
    Tokens = 16,
    KvCache = 32,
    Memory = 64,
}

/// <summary>The metrics endpoint of a server.</summary>
internal sealed record MetricsSpec
{
    /// <summary>Name of the preset that reads it; null: it has no endpoint.</summary>
    public string? Preset { get; init; }
    public int Port { get; init; }
    public string Path { get; init; } = "/metrics";
    /// <summary>Bounds in seconds of each histogram; no bounds: sum and count only.</summary>
    public IReadOnlyDictionary<LatencySignal, IReadOnlyList<double>> Signals { get; init; } = new Dictionary<LatencySignal, IReadOnlyList<double>>();
    public Tells Tells { get; init; }
}

/// <summary>Bounds that servers really use, in seconds.</summary>
internal static class ServerBounds
{
    /// <summary>Sum and count only, as Triton keeps by default.</summary>
    public static readonly IReadOnlyList<double> None = [];

    /// <summary>1 ms growing by 5 % to five minutes: for measuring, no server keeps so many.</summary>
    public static readonly IReadOnlyList<double> Fine = [.. Enumerable.Range(0, 260).Select(n => 0.001 * Math.Pow(1.05, n))];

    /// <summary>vLLM, whole request and queue (vllm/v1/metrics/loggers.py).</summary>
    public static readonly IReadOnlyList<double> VllmRequest =
        [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    public static readonly IReadOnlyList<double> VllmFirstToken =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    public static readonly IReadOnlyList<double> VllmInterToken =
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    /// <summary>TensorFlow Serving: 10 µs growing by 1.8 (tensorflow_serving/servables/tensorflow/util.cc).</summary>
    public static readonly IReadOnlyList<double> TensorFlowServing = [.. Enumerable.Range(0, 33).Select(n => 10e-6 * Math.Pow(1.8, n))];

    /// <summary>The Python client's default, what a FastAPI server shows when nobody chose.</summary>
    public static readonly IReadOnlyList<double> PythonClient = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
}
