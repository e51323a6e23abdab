namespace Headroom.Act.Serving;

/// <summary>Which model servers can be put to sleep, and why the others are not.</summary>
internal static class SleepRecipes
{
    public static readonly IReadOnlyList<SleepRecipe> All =
    [
        EngineRecipes.Vllm, EngineRecipes.Sglang, EngineRecipes.Lmdeploy,
        LoaderRecipes.Ollama, LoaderRecipes.LlamaCpp, LoaderRecipes.Triton, LoaderRecipes.Torchserve,
        ImageRecipes.Comfyui, ImageRecipes.SdWebui,
    ];

    /// <summary>Preset to reason.</summary>
    public static readonly IReadOnlyDictionary<string, string> Never = new Dictionary<string, string>
    {
        ["xinference"] = "a model is given back only by deleting it, with the settings that it was launched with: nothing guarantees the same one back",
        ["dynamo"] = "the route that wakes differs by version, and only the worker's own port has it",
        ["kserve"] = "it lists no states of its models, and not every runtime can load again what it unloaded",
        ["mlserver"] = "its worker processes outlive an unload, and nothing shows yet that they give the VRAM back",
        ["bentoml"] = "no such endpoint",
        ["fastapi"] = "no such endpoint that all have",
        ["litellm"] = "a proxy: it holds no VRAM",
        ["nim"] = "no such endpoint",
        ["openvino"] = "a model goes only by rewriting the server's configuration",
        ["ray-serve"] = "no such endpoint: its replicas are Ray's",
        ["tei"] = "no such endpoint",
        ["tensorflow-serving"] = "TensorFlow keeps what it took until its process ends",
        ["tgi"] = "no such endpoint",
        ["trtllm"] = "no such endpoint of its own",
    };

    public static SleepRecipe? Of(string preset) => All.FirstOrDefault(r => r.IsFor(preset));
}
