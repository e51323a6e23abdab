using System.Globalization;

namespace Headroom.Act.Serving;

/// <summary>Servers that load and unload models: asleep means that those that were loaded are not.</summary>
internal static class LoaderRecipes
{
    // Loading reads the weights from disk again.
    private static readonly TimeSpan ToLoad = TimeSpan.FromMinutes(10);

    // llama.cpp common/arg.cpp: any of these names the model to serve.
    private static readonly string[] OneModel =
        ["-m", "--model", "-mu", "--model-url", "-hf", "-hfr", "--hf-repo", "LLAMA_ARG_MODEL", "LLAMA_ARG_MODEL_URL", "LLAMA_ARG_HF_REPO"];

    // ollama docs/api.md, server/routes.go, server/sched.go. An embedding model refuses to generate and is loaded by an empty embedding.
    public static readonly SleepRecipe Ollama = new()
    {
        Server = "ollama",
        Port = 11434,
        PortFlags = ["OLLAMA_HOST"],
        Needs = "nothing",
        Requests = "finished first; a request that comes loads its model again",
        Look = ServerLooks.OllamaAsync,
        PartsAreModels = true,
        ListsLoadedOnly = true,
        Sleep = model => ServerRequest.Post("/api/generate", $$"""{"model":{{JsonLook.Quoted(model.Name)}},"keep_alive":0,"stream":false}"""),
        SleepSays = answer => answer.Text("done_reason") is { } reason and not "unload" ? $"says `{reason}` instead of `unload`" : null,
        Wake = model =>
        {
            var stays = model.Forever ? ",\"keep_alive\":-1" : "";
            return ServerRequest.Post("/api/generate", $$"""{"model":{{JsonLook.Quoted(model.Name)}},"stream":false{{stays}}}""") with
            {
                Else = ServerRequest.Post("/api/embed", $$"""{"model":{{JsonLook.Quoted(model.Name)}},"input":""{{stays}}}"""),
            };
        },
        WakeWithin = ToLoad,
    };

    // llama.cpp tools/server/README.md (router mode) and server-models.cpp: a load answers at once and goes on.
    public static readonly SleepRecipe LlamaCpp = new()
    {
        Server = "llama-cpp",
        Port = 8080,
        PortFlags = ["--port", "LLAMA_ARG_PORT"],
        Needs = "router mode: started without a model (a server of one model gives back only by its own `--sleep-idle-seconds`); no API key, as Headroom has none",
        Requests = "finished first, or cut off after the model's stop timeout; a request that comes loads its model again, unless autoload is off",
        Missing = start => OneModel.FirstOrDefault(f => f.StartsWith('-') ? start.Value(f) is not null : start.HasVariable(f)) is { } flag
            ? $"it serves one model ({flag}): start it without one, in router mode" : null,
        Look = ServerLooks.LlamaAsync,
        PartsAreModels = true,
        Sleep = model => ServerRequest.Post("/models/unload", Model(model)),
        Wake = model => ServerRequest.Post("/models/load", Model(model)),
        WakeWithin = ToLoad,
    };

    // triton docs/protocol/extension_model_repository.md, docs/user_guide/model_management.md: an unload answers at once, requests in flight finish.
    public static readonly SleepRecipe Triton = new()
    {
        Server = "triton",
        Port = 8000,
        PortFlags = ["--http-port"],
        OwnPort = true,
        Needs = "`--model-control-mode=explicit` on the command line; a model that was loaded with a configuration of its own comes back with the repository's. "
            + "TensorFlow models keep their VRAM; PyTorch models need `ENABLE_CACHE_CLEANING`",
        Requests = "finished first; refused while it sleeps",
        Missing = start => start.Value("--model-control-mode") is { } mode
            ? mode == "explicit" ? null : $"its --model-control-mode is {mode}: start it with --model-control-mode=explicit"
            : "start it with --model-control-mode=explicit",
        Look = ServerLooks.TritonAsync,
        PartsAreModels = true,
        Sleep = model => ServerRequest.Post($"/v2/repository/models/{Uri.EscapeDataString(model.Name)}/unload", "{}"),
        Wake = model => ServerRequest.Post($"/v2/repository/models/{Uri.EscapeDataString(model.Name)}/load", "{}"),
        WakeWithin = ToLoad,
    };

    // torchserve docs/management_api.md: a worker is a process; scaling waits for what it has.
    public static readonly SleepRecipe Torchserve = new()
    {
        Server = "torchserve",
        Port = 8081,
        OwnPort = true,
        Needs = "the management API on port 8081 without tokens (`--disable-token-auth`, as its image starts it)",
        Requests = "finished first; queued or refused while it sleeps",
        Look = ServerLooks.TorchserveAsync,
        PartsAreModels = true,
        Sleep = model => Scale(model, 0, 0),
        Wake = model => Scale(model, model.Workers ?? 1, model.MostWorkers ?? model.Workers ?? 1),
        WakeWithin = ToLoad,
    };

    private static string Model(SleptPart model) => $$"""{"model":{{JsonLook.Quoted(model.Name)}}}""";

    private static ServerRequest Scale(SleptPart model, int least, int most) => new("PUT", string.Create(CultureInfo.InvariantCulture,
        $"/models/{Uri.EscapeDataString(model.Name)}/{Uri.EscapeDataString(model.Version ?? "")}?min_worker={least}&max_worker={most}&synchronous=true"));
}
