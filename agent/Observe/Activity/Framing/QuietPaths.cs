using System.Text;

namespace Headroom.Observe.Activity.Framing;

/// <summary>Requests that only look: health checks, metrics, lists of models. Whoever asks costs the GPU nothing, so they close no gate.
/// A path is here only if its server does not run a model for it: SGLang's <c>/health_generate</c> does.</summary>
/// <param name="metricsPath">Where this workload's metrics are, besides the usual places; null: nowhere else.</param>
internal sealed class QuietPaths(string? metricsPath)
{
    private readonly byte[] _metrics = metricsPath is null ? [] : Encoding.ASCII.GetBytes(metricsPath.Split('?', '#')[0].TrimEnd('/'));

    /// <summary>Of HTTP/1: one that asks without changing anything, or a look by gRPC-web.</summary>
    /// <param name="path">As sent, with its query.</param>
    public bool Has(ReadOnlySpan<byte> method, ReadOnlySpan<byte> path)
    {
        // OPTIONS asks what is allowed (a browser before it sends), whatever its path.
        if (method.SequenceEqual("OPTIONS"u8))
            return true;
        if (method.SequenceEqual("GET"u8) || method.SequenceEqual("HEAD"u8))
            return HasPage(path);
        return method.SequenceEqual("POST"u8) && HasCall(path);
    }

    /// <summary>A page that GET or HEAD may ask for.</summary>
    public bool HasPage(ReadOnlySpan<byte> path)
    {
        if (path.StartsWith("http://"u8))
        {
            var host = path[7..].IndexOf((byte)'/');
            path = host < 0 ? "/"u8 : path[(7 + host)..];
        }
        var end = path.IndexOfAny("?#"u8);
        if (end >= 0)
        {
            // llama.cpp's router loads the model that a GET names in its query (tools/server/README.md).
            if (path[end..].IndexOf("model="u8) >= 0)
                return false;
            // A page with words in it may be a demo's model at the root.
            if (end == 1)
                return false;
            path = path[..end];
        }
        if (path.Length > 1 && path[^1] == '/')
            path = path[..^1];
        if (_metrics.Length > 0 && path.SequenceEqual(_metrics))
            return true;
        foreach (var page in Pages)
            if (path.SequenceEqual(page))
                return true;
        return path.StartsWith("/v1/models/"u8) && path["/v1/models/"u8.Length..].IndexOf((byte)'/') < 0 || LooksAtModel(path);
    }

    /// <summary>gRPC: always POST, so only these exact names.</summary>
    public static bool HasCall(ReadOnlySpan<byte> path)
    {
        foreach (var call in Calls)
            if (path.SequenceEqual(call))
                return true;
        return false;
    }

    /// <summary>The open inference protocol: <c>/v2/models/NAME[/versions/N]/ready</c> (kserve/open-inference-protocol), and Triton's /config and /stats (triton-inference-server/server docs/protocol).
    /// TensorFlow Serving: <c>/v1/models/NAME/versions/N[/metadata]</c> (tensorflow/serving g3doc/api_rest.md). Never the ones with a verb: they are POST, and <c>:predict</c>.</summary>
    private static bool LooksAtModel(ReadOnlySpan<byte> path)
    {
        if (!path.StartsWith("/v2/models/"u8) && !path.StartsWith("/v1/models/"u8) || path.IndexOf((byte)':') >= 0)
            return false;
        return path.EndsWith("/ready"u8) || path.EndsWith("/stats"u8) || path.EndsWith("/config"u8) || path.EndsWith("/metadata"u8);
    }

    private static readonly byte[][] Pages =
    [
        .. new[]
        {
            // By custom: Kubernetes probes, Prometheus; BentoML, MLServer, FastAPI apps, Ollama's and KServe's "I am alive" at the root.
            "/", "/metrics", "/health", "/healthz", "/livez", "/readyz", "/ready", "/live", "/ping", "/version", "/-/healthy", "/-/ready", "/favicon.ico",
            "/health/ready", "/health/live", "/health/liveness", "/health/liveliness", "/health/readiness", "/health/startup", "/stats", "/stats/prometheus",
            // OpenAI's API: vLLM, SGLang, LMDeploy, llama.cpp, TGI, Ollama.
            "/v1/models", "/models",
            // vLLM: vllm/entrypoints. SGLang: sglang/srt/entrypoints/http_server.py. LMDeploy: serve/openai.
            "/load", "/server_info", "/get_server_info", "/model_info", "/get_model_info", "/get_load", "/is_sleeping",
            // NVIDIA NIM: nim-deploy's manifests. TensorRT-LLM: trtllm-serve.
            "/v1/health/ready", "/v1/health/live", "/v1/metrics", "/prometheus/metrics",
            // Triton, KServe, OpenVINO: the open inference protocol.
            "/v2", "/v2/health/ready", "/v2/health/live", "/v2/models/stats",
            // TensorFlow Serving: g3doc/serving_config.md. TGI and TEI: router/src/server.rs.
            "/monitoring/prometheus/metrics", "/info",
            // llama.cpp: tools/server/README.md. Ollama: docs/api.md. Xinference: api/restful_api.py.
            "/slots", "/props", "/api/version", "/api/ps", "/api/tags", "/status",
            // ComfyUI: server.py. Stable Diffusion WebUI: modules/api/api.py.
            "/system_stats", "/queue", "/sdapi/v1/memory", "/sdapi/v1/progress",
        }.Select(Encoding.ASCII.GetBytes),
    ];

    private static readonly byte[][] Calls =
    [
        .. new[]
        {
            // grpc/grpc-proto: health and reflection.
            "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/grpc.health.v1.Health/List",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            // Triton, KServe, MLServer: grpc_service.proto.
            "/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady", "/inference.GRPCInferenceService/ModelReady",
            "/inference.GRPCInferenceService/ServerMetadata", "/inference.GRPCInferenceService/ModelMetadata", "/inference.GRPCInferenceService/ModelConfig",
            "/inference.GRPCInferenceService/ModelStatistics", "/inference.GRPCInferenceService/RepositoryIndex",
            // TensorFlow Serving: apis/*.proto. TorchServe: inference.proto.
            "/tensorflow.serving.ModelService/GetModelStatus", "/tensorflow.serving.PredictionService/GetModelMetadata",
            "/org.pytorch.serve.grpc.inference.InferenceAPIsService/Ping",
        }.Select(Encoding.ASCII.GetBytes),
    ];
}
