using Headroom.Model;

namespace Headroom.Tests.Observe.Latency.Sources;

/// <summary>Small presets in the shape of the real ones, so that these tests stand on nothing but the rules.</summary>
internal static class SomePresets
{
    public static readonly Preset Vllm = new()
    {
        Name = "vllm",
        Ports = [8000],
        Paths = ["/metrics"],
        Detect = new() { Images = ["vllm/vllm-openai"], Argv = ["vllm serve"], Prefixes = ["vllm:"], PortFlags = ["--port"] },
        Fields = new Dictionary<string, IReadOnlyList<PresetField>>
        {
            [PresetFields.EndToEnd] = [new("vllm:e2e_request_latency_seconds", PresetFieldKind.Histogram)],
            [PresetFields.Running] = [new("vllm:num_requests_running", PresetFieldKind.Gauge)],
        },
    };

    public static readonly Preset Triton = new()
    {
        Name = "triton",
        Ports = [8002],
        Paths = ["/metrics"],
        Detect = new() { Images = ["nvidia/tritonserver"], Prefixes = ["nv_inference_"] },
        Fields = new Dictionary<string, IReadOnlyList<PresetField>>
        {
            [PresetFields.Requests] = [new("nv_inference_request_success", PresetFieldKind.Counter)],
        },
    };

    public static readonly Preset Tei = new()
    {
        Name = "tei",
        Ports = [80, 9000],
        Paths = ["/metrics"],
        Detect = new() { Images = ["huggingface/text-embeddings-inference"], Prefixes = ["te_"] },
        Fields = new Dictionary<string, IReadOnlyList<PresetField>>
        {
            [PresetFields.Requests] = [new("te_request_count", PresetFieldKind.Counter)],
        },
    };

    public static readonly Preset TensorFlow = new()
    {
        Name = "tensorflow-serving",
        Ports = [8501],
        Paths = ["/monitoring/prometheus/metrics"],
        Detect = new() { Images = ["tensorflow/serving"], Prefixes = [":tensorflow:"] },
    };

    public static readonly Preset Ollama = new()
    {
        Name = "ollama",
        Format = PresetFormat.Json,
        Ports = [11434],
        Paths = ["/api/ps"],
        Detect = new() { Images = ["ollama/ollama"], Prefixes = ["models"] },
        Fields = new Dictionary<string, IReadOnlyList<PresetField>>
        {
            [PresetFields.Allocated] = [new("models[].size_vram", PresetFieldKind.Gauge)],
        },
    };

    public static readonly IReadOnlyList<Preset> All = [Vllm, Triton, Tei, TensorFlow, Ollama];

    public const string VllmPage = """
        # TYPE vllm:num_requests_running gauge
        vllm:num_requests_running{engine="0"} 2
        vllm:e2e_request_latency_seconds_bucket{le="0.3"} 4
        vllm:e2e_request_latency_seconds_bucket{le="+Inf"} 5
        vllm:e2e_request_latency_seconds_sum 1.5
        vllm:e2e_request_latency_seconds_count 5

        """;

    /// <summary>What Python servers show before they show anything of their own.</summary>
    public const string ForeignPage = """
        # TYPE python_gc_objects_collected_total counter
        python_gc_objects_collected_total{generation="0"} 10

        """;
}
