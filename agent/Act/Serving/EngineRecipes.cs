namespace Headroom.Act.Serving;

/// <summary>LLM engines that sleep as a whole and keep their process.</summary>
internal static class EngineRecipes
{
    private const string KvCache = "kv_cache";
    private const string Weights = "weights";

    // vllm docs/features/sleep_mode.md, vllm/entrypoints/serve/sleep/api_router.py. Level 2 would drop the weights for good.
    public static readonly SleepRecipe Vllm = new()
    {
        Server = "vllm",
        Port = 8000,
        PortFlags = ["--port"],
        Needs = "`VLLM_SERVER_DEV_MODE=1` in the environment and `--enable-sleep-mode` on the command line; host RAM for one copy of the weights, which the container's "
            + "memory limit must leave room for. Development mode also opens `/collective_rpc`: let nobody else reach the port",
        Requests = "aborted; refused or hanging while it sleeps",
        Missing = start => (start.IsOn("VLLM_SERVER_DEV_MODE"), start.Has("--enable-sleep-mode")) switch
        {
            (true, true) => null,
            (false, true) => "start it with VLLM_SERVER_DEV_MODE=1 in its environment",
            (true, false) => "start it with --enable-sleep-mode",
            _ => "start it with VLLM_SERVER_DEV_MODE=1 in its environment and --enable-sleep-mode",
        },
        Look = ServerLooks.IsSleeping,
        Sleep = _ => ServerRequest.Post("/sleep?level=1"),
        Wake = _ => ServerRequest.Post("/wake_up"),
    };

    // sglang docs/advanced_features/sglang_for_rl.md and scheduler_update_weights_mixin.py: releasing asserts that nothing runs, so generation is
    // paused first; "abort" answers only when nothing runs any more. Resuming what was not released raises in the scheduler, which ends the server.
    // Without --enable-weights-cpu-backup resumed weights are undefined bytes, with a 200: then only the KV cache goes.
    public static readonly SleepRecipe Sglang = new()
    {
        Server = "sglang",
        Port = 30000,
        PortFlags = ["--port"],
        Needs = "`--enable-memory-saver`, and `--enable-weights-cpu-backup` to give back the weights too (else only the KV cache: weights would come back as garbage); "
            + "host RAM for one copy of the weights",
        Requests = "aborted; those that come wait until it wakes",
        Missing = start => start.Has("--enable-memory-saver") ? null : "start it with --enable-memory-saver, and with --enable-weights-cpu-backup to give back its weights too",
        Parts = start => start.Has("--enable-weights-cpu-backup") ? [new(KvCache), new(Weights)] : [new(KvCache)],
        Before = ServerRequest.Post("/pause_generation", """{"mode":"abort"}"""),
        Sleep = part => ServerRequest.Post("/release_memory_occupation", Tags(part)),
        Wake = part => ServerRequest.Post("/resume_memory_occupation", Tags(part)),
        After = ServerRequest.Post("/continue_generation", "{}"),
        WakesOnce = true,
    };

    // lmdeploy/serve/openai/endpoints/management.py, serve/core/async_engine.py: JSON content type asked for; it serves again only with all tags back,
    // and no tag means all.
    public static readonly SleepRecipe Lmdeploy = new()
    {
        Server = "lmdeploy",
        Port = 23333,
        PortFlags = ["--server-port"],
        Needs = "nothing; host RAM for one copy of the weights; no API keys, as Headroom has none",
        Requests = "aborted; none served while it sleeps (`/health` goes on answering 200)",
        Look = ServerLooks.IsSleeping,
        Sleep = _ => ServerRequest.Post("/sleep?level=1", "{}"),
        Wake = _ => ServerRequest.Post("/wakeup", "{}"),
    };

    private static string Tags(SleptPart part) => $$"""{"tags":[{{JsonLook.Quoted(part.Name)}}]}""";
}
