namespace Headroom.Act.Serving;

/// <summary>Wakes one server, once. Done again it changes nothing.</summary>
internal sealed class WakeRun(SleepRecipe how, WakeRecipe what, ServerTalk talk, TimeProvider time)
{
    private readonly List<SleptPart> _gone = [];

    public async Task<ServerAnswer> RunAsync(CancellationToken stop)
    {
        if (how.Wake is not { } wake)
            return Answer(ServerResult.Done, $"{how.Server} loads again by itself at the next request");
        // The last to sleep wakes first: weights before the cache that is filled by them.
        IReadOnlyList<SleptPart> asleep = [.. what.Parts.Reverse()];
        if (how.Look is not null)
        {
            var sighted = await talk.LookAsync(asleep, stop);
            if (sighted.Trouble is { } trouble)
                return Answer(ServerResult.Failed, trouble.Words);
            _gone.AddRange(asleep.Except(sighted.Phases.Keys));
            asleep = sighted.Not(PartPhase.Awake);
            if (asleep.Count == 0)
                return Answer(ServerResult.Done, $"it is awake already{Left()}");
        }
        else if (how.WakesOnce)
            asleep = [.. asleep.Where(p => !IsTold(p, Told.Wakes))];
        ServerReply? failed = null;
        var allTold = true;
        foreach (var part in asleep)
        {
            if (how.WakesOnce && IsTold(part, Told.WakesWithoutAnswer))
            {
                failed ??= new ServerReply(ServerResult.Unknown, 0, "", "it was told to wake once and did not answer; telling it twice would end it: the card tells");
                continue;
            }
            var reply = await talk.WakeAsync(part, wake, stop);
            Remember(part, reply.Result);
            if (reply.Result == ServerResult.Done || how.Look is not null && await IsComingAsync(part, reply, stop))
                continue;
            failed ??= reply;
            // Parts of one server wake in order; models wake each for itself, unless nobody answers any more.
            if (!how.PartsAreModels || reply.Status == 0)
            {
                allTold = false;
                break;
            }
        }
        // Requests that meet what still sleeps end the server. With an answer lost before, it must go on all the same: it would hold them up for ever.
        if (how.After is { } after && allTold)
        {
            var went = await talk.AfterAsync(after, stop);
            if (went.Result != ServerResult.Done)
                failed ??= went;
        }
        return failed is not null ? Answer(failed.Result == ServerResult.Refused ? ServerResult.Failed : failed.Result, how.Explained(failed))
            : how.Look is null ? Answer(ServerResult.Done, $"{how.Server} answered that it is awake")
            : await ConfirmAsync(asleep, stop);
    }

    private bool IsTold(SleptPart part, Told told) => talk.Told.TryGetValue(part.Name, out var last) && last == told;

    private void Remember(SleptPart part, ServerResult result)
    {
        if (result is ServerResult.Done or ServerResult.Unknown)
            talk.Told[part.Name] = result == ServerResult.Done ? Told.Wakes : Told.WakesWithoutAnswer;
    }

    // Another one brought it along, a call whose answer was lost, or a model that people deleted meanwhile.
    private async Task<bool> IsComingAsync(SleptPart part, ServerReply reply, CancellationToken stop)
    {
        if (reply.Status == 404 && how.PartsAreModels)
        {
            _gone.Add(part);
            return true;
        }
        var sighted = await talk.LookAsync([part], stop);
        return sighted.Trouble is null && !sighted.Is(part, PartPhase.Asleep);
    }

    private async Task<ServerAnswer> ConfirmAsync(IReadOnlyList<SleptPart> parts, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var sighted = await talk.LookAsync([.. parts.Except(_gone)], stop);
            var still = sighted.Not(PartPhase.Awake);
            if (sighted.Trouble is null && still.Count == 0)
                return Answer(ServerResult.Done, $"{how.Server} says that it is awake{Left()}");
            // A load may be answered before it ends, and fall back to nothing when there is no room for it.
            if (!how.PartsAreModels || sighted.Trouble is null && still.All(p => sighted.Is(p, PartPhase.Asleep)) || time.GetElapsedTime(began) >= how.WakeWithin)
                return sighted.Trouble is { } trouble
                    ? Answer(ServerResult.Unknown, $"{how.Server} took the request and can't be asked since: {trouble.Words}")
                    : Answer(ServerResult.Failed, $"{how.Server} took the request, and by its own word still sleeps: {SleepRun.Names(still)}");
            await Task.Delay(DrainRun.Poll, time, stop);
        }
    }

    private string Left() => _gone.Count > 0 ? $"; no longer there: {SleepRun.Names(_gone)}" : "";

    private ServerAnswer Answer(ServerResult result, string words) => new(result, words, result == ServerResult.Done ? null : what.Write());
}
