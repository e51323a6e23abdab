using System.Text.Json;
using Headroom.Tests.Support;

namespace Headroom.Tests.Act.Serving;

/// <summary>State of one engine that sleeps as a whole.</summary>
internal sealed class Engine
{
    public bool Sleeps;
    public bool Dead;
    public bool Paused;
    public readonly List<string> Released = [];

    public ServerDouble Vllm() => new(request => request.ToString() switch
    {
        "GET /is_sleeping" => Says(),
        "POST /sleep?level=1" => Sleeping(true),
        "POST /wake_up" => Sleeping(false),
        _ => null,
    });

    public ServerDouble Lmdeploy() => new(request => request.Method == "POST" && !request.Headers.GetValueOrDefault("Content-Type", "").StartsWith("application/json", StringComparison.Ordinal)
        ? (400, "Unsupported Media Type: Only 'application/json' is allowed")
        : request.ToString() switch
        {
            "GET /is_sleeping" => Says(),
            "POST /sleep?level=1" => Sleeping(true),
            "POST /wakeup" => Sleeping(false),
            _ => null,
        });

    /// <summary>Its scheduler dies of an assertion, and the whole server with it.</summary>
    public ServerDouble Sglang() => new(request =>
    {
        if (Dead)
            throw new IOException("dead");
        var tag = request.Path.EndsWith("_occupation", StringComparison.Ordinal) ? JsonDocument.Parse(request.Body).RootElement.GetProperty("tags")[0].GetString()! : "";
        switch (request.ToString())
        {
            case "POST /pause_generation":
                Paused = true;
                return (200, """{"message":"Generation paused successfully.","status":"ok"}""");
            case "POST /continue_generation":
                // A request that meets memory that is not mapped.
                Dead = Released.Count > 0;
                Paused = false;
                return (200, """{"message":"Generation continued successfully.","status":"ok"}""");
            case "POST /release_memory_occupation":
                Dead = !Paused || Released.Contains(tag);
                Released.Add(tag);
                return Dead ? throw new IOException("assertion") : (200, "null");
            case "POST /resume_memory_occupation":
                Dead = !Released.Remove(tag);
                return Dead ? throw new IOException("KeyError") : (200, "null");
            default:
                return null;
        }
    });

    private (int, string) Says() => (200, $$"""{"is_sleeping":{{(Sleeps ? "true" : "false")}}}""");

    private (int, string) Sleeping(bool sleeps)
    {
        Sleeps = sleeps;
        return (200, "");
    }
}

/// <summary>State of one server that loads models.</summary>
internal sealed class Loader
{
    public sealed class Model
    {
        public bool Loaded;
        public bool Embeds;
        public string Expires = "2026-01-01T00:05:00.123456789+08:00";
        public long Vram = 8L << 30;
        public int Workers = 2;
        public bool BusyFor;
    }

    public readonly SortedDictionary<string, Model> Models = new(StringComparer.Ordinal);
    public bool Explicit = true;

    public Loader(params string[] loaded)
    {
        foreach (var name in loaded)
            Models[name] = new Model { Loaded = true };
    }

    public string Loaded => string.Join(' ', Models.Where(m => m.Value.Loaded).Select(m => m.Key));

    public ServerDouble Ollama() => new(request =>
    {
        switch (request.ToString())
        {
            case "GET /api/ps":
                return (200, $$"""{"models":[{{string.Join(',', Models.Where(m => m.Value.Loaded).Select(m =>
                    $$"""{"name":"{{m.Key}}","model":"{{m.Key}}","size":9000000000,"digest":"ab","expires_at":"{{m.Value.Expires}}","size_vram":{{m.Value.Vram}}}"""))}}]}""");
            case "POST /api/generate" or "POST /api/embed":
                var name = ServerDouble.Field(request, "model")!;
                if (!Models.TryGetValue(name, out var model))
                    return (404, $$"""{"error":"model '{{name}}' not found"}""");
                if (ServerDouble.Field(request, "keep_alive") == "0")
                {
                    model.Loaded = model.BusyFor;
                    return (200, $$"""{"model":"{{name}}","created_at":"2026-01-01T00:00:00Z","response":"","done":true,"done_reason":"unload"}""");
                }
                if (model.Embeds && request.Path == "/api/generate")
                    return (400, $$"""{"error":"\"{{name}}\" does not support generate"}""");
                model.Loaded = true;
                model.Expires = ServerDouble.Field(request, "keep_alive") == "-1" ? "2318-01-01T00:00:00Z" : "2026-01-01T00:05:00Z";
                return (200, $$"""{"model":"{{name}}","created_at":"2026-01-01T00:00:00Z","response":"","done":true,"done_reason":"load"}""");
            default:
                return null;
        }
    });

    /// <summary>A load answers at once and ends at the next look.</summary>
    public ServerDouble Llama()
    {
        var loading = new HashSet<string>();
        return new(request =>
        {
            switch (request.ToString())
            {
                case "GET /models":
                    var list = string.Join(',', Models.Select(m =>
                        $$"""{"id":"{{m.Key}}","status":{"args":[],"value":"{{(loading.Contains(m.Key) ? "loading" : m.Value.Loaded ? "loaded" : "unloaded")}}"},"object":"model"}"""));
                    foreach (var done in loading)
                        Models[done].Loaded = true;
                    loading.Clear();
                    return (200, $$"""{"data":[{{list}}],"object":"list"}""");
                case "POST /models/load" or "POST /models/unload":
                    var name = ServerDouble.Field(request, "model")!;
                    if (!Models.TryGetValue(name, out var model))
                        return (404, """{"error":{"code":404,"message":"model is not found","type":"not_found_error"}}""");
                    if (model.Loaded == (request.Path == "/models/load"))
                        return (400, """{"error":{"code":400,"message":"model is already loaded, or is not running","type":"invalid_request_error"}}""");
                    if (request.Path == "/models/load")
                        loading.Add(name);
                    model.Loaded = false;
                    return (200, """{"success":true}""");
                default:
                    return null;
            }
        });
    }

    public ServerDouble Triton() => new(request =>
    {
        if (request.ToString() == "POST /v2/repository/index")
            return (200, $"[{string.Join(',', Models.Select(m => m.Value.Loaded ? $$"""{"name":"{{m.Key}}","version":"1","state":"READY"}""" : $$"""{"name":"{{m.Key}}","version":"1","state":"UNAVAILABLE","reason":"unloaded"}"""))}]");
        var parts = request.Path.Split('/');
        if (parts is not ["", "v2", "repository", "models", var escaped, "load" or "unload"])
            return null;
        if (!Explicit)
            return (400, """{"error":"explicit model load / unload is not allowed if polling is enabled"}""");
        if (!Models.TryGetValue(Uri.UnescapeDataString(escaped), out var model))
            return (404, """{"error":"failed to load, no such model"}""");
        model.Loaded = parts[5] == "load";
        return (200, "");
    });

    public ServerDouble Torchserve() => new(request =>
    {
        if (request.Path.StartsWith("/models?limit=", StringComparison.Ordinal))
            return (200, $$"""{"models":[{{string.Join(',', Models.Select(m => $$"""{"modelName":"{{m.Key}}","modelUrl":"{{m.Key}}.mar"}"""))}}]}""");
        var parts = request.Path.Split('/', '?');
        if (!Models.TryGetValue(parts[2], out var model))
            return (404, """{"code":404,"type":"ModelNotFoundException","message":"Model not found"}""");
        if (request.Method == "PUT")
        {
            model.Workers = int.Parse(parts[4].Split('&')[0]["min_worker=".Length..], System.Globalization.CultureInfo.InvariantCulture);
            model.Loaded = model.Workers > 0;
            return (200, $$"""{"status":"Workers scaled to {{model.Workers}} for model: {{parts[2]}}"}""");
        }
        var workers = string.Join(',', Enumerable.Range(9000, model.Workers).Select(id => $$"""{"id":"{{id}}","status":"READY","gpu":true,"memoryUsage":89247744}"""));
        return (200, $$"""[{"modelName":"{{parts[2]}}","modelVersion":"1.0","minWorkers":{{model.Workers}},"maxWorkers":{{Math.Max(4, model.Workers)}},"workers":[{{workers}}]}]""");
    });
}
