namespace Headroom.Act.Serving;

/// <summary>Servers of image models.</summary>
internal static class ImageRecipes
{
    // ComfyUI server.py: answers before anything is free; the prompt worker does it between two prompts.
    public static readonly SleepRecipe Comfyui = new()
    {
        Server = "comfyui",
        AlsoAs = ["comfyui-memory"],
        Port = 8188,
        PortFlags = ["--port"],
        Needs = "nothing",
        Requests = "finished first: it frees between two prompts; the next prompt loads its models again",
        Sleep = _ => ServerRequest.Post("/free", """{"unload_models":true,"free_memory":true}"""),
    };

    // stable-diffusion-webui modules/api/api.py.
    public static readonly SleepRecipe SdWebui = new()
    {
        Server = "sd-webui",
        Port = 7860,
        PortFlags = ["--port"],
        Needs = "`--api`, without `--api-auth`; host RAM for the checkpoint",
        Requests = "finished first; may fail while it sleeps. Some forks answer 200 and free nothing",
        Sleep = _ => ServerRequest.Post("/sdapi/v1/unload-checkpoint", "{}"),
        Wake = _ => ServerRequest.Post("/sdapi/v1/reload-checkpoint", "{}"),
    };
}
