using System.Globalization;
using System.Text.Json;

namespace Headroom.Act.Serving;

/// <summary>How each kind of server is asked which of its parts sleep. Only requests that change nothing.</summary>
internal static class ServerLooks
{
    private const int MostModels = 1000;

    public static Task<ServerSight> IsSleeping(ServerCall call, CancellationToken stop) => AskAsync(call, ServerRequest.Get("/is_sleeping"), answer =>
        answer.Flag("is_sleeping") is { } sleeps ? [new(SleptPart.WholeServer, sleeps ? PartPhase.Asleep : PartPhase.Awake)] : null, stop);

    public static Task<ServerSight> OllamaAsync(ServerCall call, CancellationToken stop)
    {
        // "Until nobody asked for ever" is told as an expiry centuries ahead.
        var farYear = call.Time.GetUtcNow().Year + 10;
        return AskAsync(call, ServerRequest.Get("/api/ps"), answer => answer.Items("models")?.Select(model =>
            new PartState(
                new SleptPart(Name(model.Text("name") ?? model.Text("model")), Forever: model.Text("expires_at") is { Length: > 4 } expires
                    && int.TryParse(expires.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var year) && year >= farYear),
                PartPhase.Awake, OnGpu: model.Long("size_vram") is not 0)), stop);
    }

    public static Task<ServerSight> LlamaAsync(ServerCall call, CancellationToken stop) =>
        // Never with ?model=: that loads it. A server of one model lists it without a status.
        AskAsync(call, ServerRequest.Get("/models"), answer => answer.Items("data") is { } models && models.All(model => model.Property("status") is not null)
            ? models.Select(model => new PartState(new SleptPart(Name(model.Text("id"))), model.Property("status")?.Text("value") switch
            {
                "loaded" => PartPhase.Awake,
                "loading" => PartPhase.Between,
                _ => PartPhase.Asleep,
            }))
            : null, stop, "it serves one model: start it without one, in router mode");

    public static Task<ServerSight> TritonAsync(ServerCall call, CancellationToken stop) =>
        AskAsync(call, new ServerRequest("POST", "/v2/repository/index", "{}", Reads: true), answer => answer.Items()?
            .GroupBy(version => Name(version.Text("name")))
            .Select(model => new PartState(new SleptPart(model.Key), model.Select(version => version.Text("state")).ToList() switch
            {
                var states when states.Contains("READY") => PartPhase.Awake,
                var states when states.Contains("LOADING") || states.Contains("UNLOADING") => PartPhase.Between,
                _ => PartPhase.Asleep,
            })), stop);

    public static async Task<ServerSight> TorchserveAsync(ServerCall call, CancellationToken stop)
    {
        var more = false;
        var names = await AskAsync(call, ServerRequest.Get($"/models?limit={MostModels}"), answer =>
        {
            more = answer.Text("nextPageToken") is not null;
            return answer.Items("models")?.Select(model => new PartState(new SleptPart(Name(model.Text("modelName"))), PartPhase.Between));
        }, stop);
        if (names.Trouble is not null)
            return names;
        if (more)
            return new ServerSight([], new ServerReply(ServerResult.Refused, 0, "", $"it has more than {MostModels} models"));
        var all = new List<PartState>();
        foreach (var model in names.Parts.Select(p => p.Part.Name).Distinct())
        {
            var versions = await AskAsync(call, ServerRequest.Get($"/models/{Uri.EscapeDataString(model)}/all"), answer => answer.Items()?.Select(version =>
            {
                var workers = version.Items("workers")?.ToList() ?? [];
                var least = Math.Max(version.Number("minWorkers") ?? 0, workers.Count);
                return new PartState(
                    new SleptPart(model, Name(version.Text("modelVersion")), least, Math.Max(version.Number("maxWorkers") ?? least, least)),
                    workers.Count > 0 ? PartPhase.Awake : PartPhase.Asleep, OnGpu: workers.Exists(w => w.Flag("gpu") != false));
            }), stop);
            if (versions.Trouble is { Status: 404 })
                continue;
            if (versions.Trouble is not null)
                return versions;
            all.AddRange(versions.Parts);
        }
        return new ServerSight(all);
    }

    /// <param name="read">Null: not what such a server answers.</param>
    /// <param name="nothing">What that means.</param>
    private static async Task<ServerSight> AskAsync(
        ServerCall call, ServerRequest request, Func<JsonElement, IEnumerable<PartState>?> read, CancellationToken stop, string nothing = "not as such a server does")
    {
        var reply = await call.SendAsync(request, ServerCall.ToLook, stop);
        if (reply.Result != ServerResult.Done)
            return new ServerSight([], reply);
        try
        {
            using var document = JsonDocument.Parse(reply.Body);
            if (read(document.RootElement)?.ToList() is { } parts)
                return new ServerSight(parts);
            return new ServerSight([], reply with { Result = ServerResult.Refused, Words = $"{reply.Words}: {nothing}" });
        }
        // The second: text that is no Unicode.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new ServerSight([], reply with { Result = ServerResult.Failed, Words = $"{reply.Words} with what can't be read" });
        }
    }

    private static string Name(string? name) => name is { Length: > 0 } ? name : throw new InvalidOperationException();
}
