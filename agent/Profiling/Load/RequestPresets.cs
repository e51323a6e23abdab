using System.Text;
using System.Text.Json;

namespace Headroom.Profiling.Load;

/// <summary>A request that a kind of model server understands. From the servers' documents, not tried on each.</summary>
/// <param name="Models">Where the server lists its models, in OpenAI's form or Ollama's; null: the request names none.</param>
/// <param name="Body">With <c>{prompt}</c>, and <c>{model}</c> in place of the model's name as a JSON string.</param>
internal sealed record RequestPreset(string Name, string Path, string? Models, string Body);

/// <summary>The requests that <c>--request</c> knows by name: a prompt of some 60 tokens, 64 tokens back, streamed where the server can.</summary>
internal static class RequestPresets
{
    private const string Prompt =
        "Explain to a new colleague in plain words what a graphics card does when several programs want to use it at the same time, why one of them "
        + "may become slow, and what an operator can look at to find out which of the others is the reason for it.";

    public static readonly IReadOnlyList<RequestPreset> All =
    [
        new("openai-chat", "/v1/chat/completions", "/v1/models", """{"model":{model},"messages":[{"role":"user","content":"{prompt}"}],"max_tokens":64,"temperature":0,"stream":true}"""),
        new("openai-completions", "/v1/completions", "/v1/models", """{"model":{model},"prompt":"{prompt}","max_tokens":64,"temperature":0,"stream":true}"""),
        new("openai-embeddings", "/v1/embeddings", "/v1/models", """{"model":{model},"input":"{prompt}"}"""),
        new("ollama", "/api/generate", "/api/tags", """{"model":{model},"prompt":"{prompt}","options":{"num_predict":64},"stream":true}"""),
        new("tgi", "/generate_stream", null, """{"inputs":"{prompt}","parameters":{"max_new_tokens":64}}"""),
        new("llama-cpp", "/completion", null, """{"prompt":"{prompt}","n_predict":64,"stream":true}"""),
        new("sglang", "/generate", null, """{"text":"{prompt}","sampling_params":{"max_new_tokens":64,"temperature":0},"stream":true}"""),
        new("tei", "/embed", null, """{"inputs":"{prompt}"}"""),
    ];

    public static string Names => string.Join(", ", All.Select(preset => preset.Name));

    /// <param name="model">Null: the server is not asked for one.</param>
    public static RequestTemplate Template(RequestPreset preset, string? model) => new(
        $"preset {preset.Name}", "POST", preset.Path, [new("Content-Type", "application/json")],
        Encoding.UTF8.GetBytes(preset.Body.Replace("{prompt}", Prompt, StringComparison.Ordinal).Replace("{model}", $"\"{JsonEncodedText.Encode(model ?? "")}\"", StringComparison.Ordinal)));

    /// <summary>The first model that such a list names; null when it names none.</summary>
    public static string? FirstModel(string json)
    {
        try
        {
            using var list = JsonDocument.Parse(json);
            foreach (var (array, name) in new[] { ("data", "id"), ("models", "name") })
                if (list.RootElement.ValueKind == JsonValueKind.Object && list.RootElement.TryGetProperty(array, out var models) && models.ValueKind == JsonValueKind.Array)
                    foreach (var model in models.EnumerateArray())
                        if (model.ValueKind == JsonValueKind.Object && model.TryGetProperty(name, out var id) && id.ValueKind == JsonValueKind.String)
                            return id.GetString();
        }
        catch (JsonException)
        {
            // not such a list
        }
        return null;
    }
}
