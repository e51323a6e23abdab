using Headroom.Model;

namespace Headroom.Act.Guarding;

/// <summary>What became of one hold that was to be given back.</summary>
/// <param name="Ends">The hold is over: the journal may say so. Else it is looked at again.</param>
/// <param name="Words">What was seen, for people.</param>
internal sealed record Released(Hold Hold, OutcomeResult Result, string Words, bool Ends)
{
    /// <summary>Something was changed, which is looked at once more.</summary>
    public bool Acted { get; init; }
    /// <summary>Trying again can help.</summary>
    public bool IsLeft => !Ends && Result != OutcomeResult.Refused;
}

/// <summary>Gives compute holds back by their undo alone: by the guard when the agent is dead, by the agent before all else at its start.</summary>
internal sealed class Release(Uri docker, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan ThawWithin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    private readonly DockerPauses _docker = new(docker, time);

    /// <summary>All at the same time: one that Docker does not answer for keeps no other frozen.</summary>
    /// <param name="may">Asked before each change: false once the holds are somebody else's business.</param>
    public async Task<IReadOnlyList<Released>> AllAsync(IEnumerable<Hold> holds, Func<bool> may, CancellationToken stop) =>
        await Task.WhenAll(holds.Where(h => h.IsCompute).Select(h => OneAsync(h, may, stop)));

    private async Task<Released> OneAsync(Hold hold, Func<bool> may, CancellationToken stop)
    {
        try
        {
            return hold.Undo switch
            {
                { Kind: UndoKind.WriteIfOurs } when FreezerFile.Of(hold, out var refusal) is var file =>
                    file is null ? Refused(hold, refusal) : await ThawAsync(hold, file, may, stop),
                { Kind: UndoKind.Unpause } undo when undo.Target == hold.Workload.InstanceId => await UnpauseAsync(hold, may, stop),
                { Kind: UndoKind.RunsOut } => new Released(hold, OutcomeResult.Done, "it counts only while an agent renews it", Ends: true),
                { Kind: UndoKind.Unpause } undo => Refused(hold, $"container {undo.Target} is not the one that was held"),
                var undo => Refused(hold, $"its undo ({undo?.Kind.ToString() ?? "none"}) gives no compute back"),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Released(hold, OutcomeResult.Failed, $"{hold.Undo!.Target}: {e.Message}", Ends: false);
        }
    }

    /// <summary>Needs no Docker: the file is of a cgroup of our own, and a pause by a person stands in the one above it.</summary>
    private async Task<Released> ThawAsync(Hold hold, FreezerFile file, Func<bool> may, CancellationToken stop)
    {
        if (!may())
            return NotOurs(hold);
        if (file.Read() is not { } word)
            return new Released(hold, OutcomeResult.Done, "its cgroup is gone: nothing is frozen", Ends: true);
        var ours = !file.Runs();
        if (ours && word != file.Thawed && !file.IsOurs(word))
            return new Released(hold, OutcomeResult.Drifted, $"{file.Path} reads \"{word}\", which is not ours: left", Ends: true);
        var wrote = ours && file.TryWrite(file.Thawed);
        if (!await RunsAsync(file, stop))
            return new Released(hold, OutcomeResult.Unverified, $"{file.Path} reads \"{file.Read()}\" {ThawWithin.TotalSeconds} s after it was thawed", Ends: false);
        return new Released(hold, OutcomeResult.Done, wrote ? "thawed, and the kernel says that it runs" : "runs already", Ends: true) { Acted = wrote };
    }

    private async Task<Released> UnpauseAsync(Hold hold, Func<bool> may, CancellationToken stop)
    {
        var (before, silence) = await TryAskAsync(hold, stop);
        if (before is not { } found)
            return new Released(hold, OutcomeResult.Unknown, $"is paused by us, and Docker can't be asked ({silence}): tried again", Ends: false);
        if (Over(hold, found) is { } over)
            return over;
        if (!may())
            return NotOurs(hold);
        string? failure = null;
        try
        {
            await _docker.UnpauseAsync(hold.Workload.InstanceId, stop);
        }
        catch (Exception e) when (DockerPauses.IsTrouble(e))
        {
            // What it says decides nothing, what is so does: a late answer can have worked.
            failure = DockerPauses.Words(e);
        }
        var (after, _) = await TryAskAsync(hold, stop);
        if (after is { } now && Over(hold, now) is { } gone)
            return gone with { Acted = true, Words = gone.Result == OutcomeResult.Done && now.Exists ? "unpaused, and Docker says that it runs" : gone.Words };
        return new Released(hold, after is null ? OutcomeResult.Unknown : OutcomeResult.Failed,
            $"unpause failed: {failure ?? "Docker says that it is paused still"}", Ends: false);
    }

    /// <summary>Null while it is in the pause that we made.</summary>
    private static Released? Over(Hold hold, ContainerPause found) =>
        !found.Exists ? new Released(hold, OutcomeResult.Done, "the container is gone", Ends: true)
        // To the millisecond: whatever wrote the time down may have rounded it, and no container starts twice in one.
        : (found.StartedAt - hold.Workload.StartedAt).Duration() >= TimeSpan.FromMilliseconds(1)
            ? new Released(hold, OutcomeResult.Drifted, "was started anew since: not ours any more", Ends: true)
        : !found.IsPaused ? new Released(hold, OutcomeResult.Done, "runs already", Ends: true)
        : null;

    private async Task<(ContainerPause? Pause, string? Silence)> TryAskAsync(Hold hold, CancellationToken stop)
    {
        try
        {
            return (await _docker.AskAsync(hold.Workload.InstanceId, stop), null);
        }
        catch (Exception e) when (DockerPauses.IsTrouble(e))
        {
            return (null, DockerPauses.Words(e));
        }
    }

    private async Task<bool> RunsAsync(FreezerFile file, CancellationToken stop)
    {
        var from = time.GetTimestamp();
        while (!file.Runs())
        {
            if (time.GetElapsedTime(from) > ThawWithin)
                return false;
            await Task.Delay(Look, time, stop);
        }
        return true;
    }

    private static Released Refused(Hold hold, string why) => new(hold, OutcomeResult.Refused, $"not touched: {why}", Ends: false);

    private static Released NotOurs(Hold hold) => new(hold, OutcomeResult.Refused, "not touched: an agent took the lease and gives it back itself", Ends: false);

    public void Dispose() => _docker.Dispose();
}
