namespace Headroom.Act.Serving;

/// <summary>Puts one server to sleep, once.</summary>
internal sealed class SleepRun(SleepRecipe how, WakeRecipe what, ServerTalk talk, TimeProvider time)
{
    // What sleeps, or may: to be woken.
    private readonly List<SleptPart> _asleep = [];

    public async Task<ServerAnswer> RunAsync(CancellationToken stop)
    {
        var awake = what.Parts;
        if (how.Look is not null)
        {
            var sighted = await talk.LookAsync(what.Parts, stop);
            if (sighted.Trouble is { } trouble)
                return new ServerAnswer(trouble.Result, trouble.Words);
            awake = sighted.Not(PartPhase.Asleep);
            _asleep.AddRange(sighted.Not(PartPhase.Awake));
        }
        else if (how.WakesOnce)
        {
            awake = [.. what.Parts.Where(p => !IsTold(p, Told.Sleeps))];
            _asleep.AddRange(what.Parts.Except(awake));
            if (awake.Any(p => IsTold(p, Told.SleepsWithoutAnswer)))
                return Answer(ServerResult.Unknown, "it was told to sleep once and did not answer; telling it twice could end it: the card tells", what.Parts);
        }
        if (awake.Count == 0)
            return Answer(ServerResult.Done, "it sleeps already", _asleep);
        if (how.Before is { } before && await talk.BeforeAsync(before, stop) is { Result: not ServerResult.Done } unready)
            // Refused: nothing was paused, so nothing must go on.
            return unready.Result == ServerResult.Refused ? new ServerAnswer(unready.Result, how.Explained(unready)) : await GoOnAsync(unready, stop);
        foreach (var part in awake)
        {
            var reply = await talk.SleepAsync(part, stop);
            Remember(part, reply.Result);
            if (reply.Result == ServerResult.Done || how.Look is not null && await IsLeavingAsync(part, stop))
                continue;
            return _asleep.Count == 0 ? await GoOnAsync(reply, stop)
                : Answer(reply.Result == ServerResult.Refused ? ServerResult.Failed : reply.Result, how.Explained(reply), _asleep);
        }
        return how.Look is null ? Answer(ServerResult.Done, $"{how.Server} answered that it sleeps; only the card tells", _asleep) : await ConfirmAsync(awake, stop);
    }

    private bool IsTold(SleptPart part, Told told) => talk.Told.TryGetValue(part.Name, out var last) && last == told;

    private void Remember(SleptPart part, ServerResult result)
    {
        if (result is ServerResult.Done or ServerResult.Unknown && !_asleep.Contains(part))
            _asleep.Add(part);
        talk.Told[part.Name] = result switch
        {
            ServerResult.Done => Told.Sleeps,
            ServerResult.Unknown => Told.SleepsWithoutAnswer,
            _ => Told.Wakes,
        };
    }

    // A model that another one takes along, or a call whose answer was lost.
    private async Task<bool> IsLeavingAsync(SleptPart part, CancellationToken stop)
    {
        var sighted = await talk.LookAsync([part], stop);
        var leaves = sighted.Trouble is null && !sighted.Is(part, PartPhase.Awake);
        if (leaves && !_asleep.Contains(part))
            _asleep.Add(part);
        return leaves;
    }

    // The server said yes: it must say that it sleeps, too.
    private async Task<ServerAnswer> ConfirmAsync(IReadOnlyList<SleptPart> parts, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var sighted = await talk.LookAsync(parts, stop);
            var still = sighted.Not(PartPhase.Asleep);
            if (sighted.Trouble is null && still.Count == 0)
                return Answer(ServerResult.Done, $"{how.Server} says that it sleeps", _asleep);
            // Models leave when their requests have finished; a whole server has answered when it sleeps.
            if (!how.PartsAreModels || time.GetElapsedTime(began) >= how.SleepWithin)
                return sighted.Trouble is { } trouble
                    ? Answer(ServerResult.Unknown, $"{how.Server} took the request and can't be asked since: {trouble.Words}", _asleep)
                    : Answer(ServerResult.Failed, $"{how.Server} took the request, and by its own word is still awake: {Names(still)}", _asleep);
            await Task.Delay(DrainRun.Poll, time, stop);
        }
    }

    // Nothing sleeps: what was paused for it must go on.
    private async Task<ServerAnswer> GoOnAsync(ServerReply why, CancellationToken stop)
    {
        var words = how.Explained(why);
        return how.After is null || await talk.AfterAsync(how.After, stop) is { Result: ServerResult.Done }
            ? new ServerAnswer(why.Result == ServerResult.Refused ? ServerResult.Refused : ServerResult.Failed, words)
            : Answer(ServerResult.Failed, $"{words}; and its requests may still be held up", []);
    }

    private ServerAnswer Answer(ServerResult result, string words, IReadOnlyList<SleptPart> asleep) => new(result, words, (what with { Parts = asleep }).Write());

    public static string Names(IEnumerable<SleptPart> parts) => string.Join(", ", parts.Select(p => p.Version is null ? p.Name : $"{p.Name} {p.Version}"));
}
