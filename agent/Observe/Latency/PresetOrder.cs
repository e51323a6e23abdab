using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Which preset goes first where several fit: the user's own, then servers that host others, then engines, then web frameworks that
/// engines are built on. Lower is better; within a rank the given order holds.</summary>
internal static class PresetOrder
{
    /// <summary>Of what a container shows. NIM hosts Triton and vLLM and passes their words on.</summary>
    public static int ByContainer(Preset preset) => preset.Name switch
    {
        "nim" => 1,
        _ => ByNames(preset),
    };

    /// <summary>Of the metrics an endpoint shows. Dynamo, Triton and Ray pass an engine's metrics on beside their own; NIM's names are bare,
    /// so that others have them too.</summary>
    public static int ByNames(Preset preset) => preset.Name switch
    {
        "dynamo" or "triton" or "ray-serve" => 2,
        "vllm" or "sglang" or "trtllm" or "lmdeploy" or "tgi" or "tei" or "llama-cpp" or "torchserve" or "tensorflow-serving" or "openvino" => 3,
        "xinference" or "litellm" or "bentoml" or "mlserver" or "kserve" => 4,
        "nim" => 5,
        "fastapi" => 6,
        "ollama" or "comfyui" or "comfyui-memory" or "sd-webui" => 3,
        _ => 0,
    };
}
