namespace Headroom.Containers;

/// <summary>Which environment variables of a container are kept. All names are, since they tell what runs; values only of these:
/// the rest may be secrets.</summary>
internal static class KnownVariables
{
    private static readonly HashSet<string> Names =
    [
        "CUDA_VERSION", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_REQUIRE_CUDA", "NVIDIA_DISABLE_REQUIRE", "NVIDIA_DRIVER_CAPABILITIES", "CUDA_VISIBLE_DEVICES",
        "VLLM_SERVER_DEV_MODE", "LLAMA_ARG_ENDPOINT_METRICS", "OLLAMA_HOST", "TS_METRICS_MODE", "TS_METRICS_ADDRESS", "DYN_SYSTEM_ENABLED",
        "PYTORCH_CUDA_ALLOC_CONF", "LD_PRELOAD", "CUDA_DEVICE_MEMORY_SHARED_CACHE",
    ];

    public static IReadOnlyDictionary<string, string> Keep(IEnumerable<string> environment)
    {
        var kept = new Dictionary<string, string>();
        foreach (var entry in environment)
        {
            var equals = entry.IndexOf('=');
            var name = equals < 0 ? entry : entry[..equals];
            kept[name] = equals >= 0 && IsKnown(name) ? entry[(equals + 1)..] : "";
        }
        return kept;
    }

    // A port is no secret, and detection must know it.
    private static bool IsKnown(string name) => Names.Contains(name) || name == "PORT" || name.EndsWith("_PORT", StringComparison.Ordinal);
}
