using System.Text.Json;

namespace Headroom.Act.Serving;

/// <summary>One server by its recipe: what a run of sleep or wake asks and hears.</summary>
internal sealed class ServerTalk(SleepRecipe how, ServerCall call, ServerMemory memory)
{
    public Dictionary<string, Told> Told => memory.Told;

    public async Task<ServerReply> SleepAsync(SleptPart part, CancellationToken stop)
    {
        var reply = await call.SendAsync(how.Sleep(part), how.SleepWithin, stop);
        return reply.Result == ServerResult.Done && Complaint(reply.Body) is { } complaint
            ? reply with { Result = ServerResult.Failed, Words = $"{reply.Words}, but {complaint}" } : reply;
    }

    public async Task<ServerReply> WakeAsync(SleptPart part, Func<SleptPart, ServerRequest> wake, CancellationToken stop)
    {
        var request = wake(part);
        var reply = await call.SendAsync(request, how.WakeWithin, stop);
        return reply.Status == 400 && request.Else is { } other ? await call.SendAsync(other, how.WakeWithin, stop) : reply;
    }

    public Task<ServerReply> BeforeAsync(ServerRequest before, CancellationToken stop) => call.SendAsync(before, how.SleepWithin, stop);

    public Task<ServerReply> AfterAsync(ServerRequest after, CancellationToken stop) => call.SendAsync(after, how.WakeWithin, stop);

    /// <summary>How each of these parts is, of those that are there.</summary>
    public async Task<Sighted> LookAsync(IReadOnlyList<SleptPart> parts, CancellationToken stop)
    {
        var sight = await how.Look!(call, stop);
        if (sight.Trouble is { } trouble)
            return new Sighted(new Dictionary<SleptPart, PartPhase>(), trouble with { Words = how.Explained(trouble) });
        var phases = new Dictionary<SleptPart, PartPhase>();
        foreach (var part in parts)
            if ((sight.PhaseOf(part) ?? (how.ListsLoadedOnly ? PartPhase.Asleep : (PartPhase?)null)) is { } phase)
                phases[part] = phase;
        return new Sighted(phases, null);
    }

    private string? Complaint(string body)
    {
        if (how.SleepSays is not { } says)
            return null;
        try
        {
            using var document = JsonDocument.Parse(body);
            return says(document.RootElement);
        }
        // The second: text that is no Unicode.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "what it says can't be read";
        }
    }
}

/// <param name="Phases">Of the parts asked for that are there.</param>
/// <param name="Trouble">Why it could not be looked at.</param>
internal sealed record Sighted(IReadOnlyDictionary<SleptPart, PartPhase> Phases, ServerReply? Trouble)
{
    public IReadOnlyList<SleptPart> Not(PartPhase phase) => [.. Phases.Where(p => p.Value != phase).Select(p => p.Key)];

    public bool Is(SleptPart part, PartPhase phase) => Phases.TryGetValue(part, out var seen) && seen == phase;
}
