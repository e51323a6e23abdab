using Headroom.Model;

namespace Headroom.Act.Hands;

/// <summary>The next thing to do to one container.</summary>
internal abstract record Step
{
    /// <summary>A hold that is not there yet.</summary>
    internal sealed record Take(Lever Lever, RunLimit Limit, WantedRun Wanted) : Step;

    /// <summary>The same hold with another share.</summary>
    internal sealed record Adjust(Hold Hold, double Share) : Step;

    internal sealed record GiveBack(Hold Hold) : Step;

    /// <summary>What is seen does not fit what is held: ask Docker before anything else.</summary>
    internal sealed record Look(Hold Hold) : Step;

    internal sealed record Do(Impulse Impulse) : Step;
}

/// <summary>What a hand remembers of its container.</summary>
internal sealed record HandMemory
{
    /// <summary>Of running: one at a time.</summary>
    public Hold? Run { get; init; }
    /// <summary>A person took it back, or gave it back by hand: left alone until the plan wants nothing of it.</summary>
    public bool LeftToPeople { get; init; }
    /// <summary>Since when the plan wants nothing of it; null while it does, or nobody cares.</summary>
    public MonoTime? UnwantedSince { get; init; }
    /// <summary>No answer came to what was sent: until then it may still happen, and the hold stays on the books.</summary>
    public MonoTime? DoubtUntil { get; init; }
    /// <summary>Failures in a row, and when a lever may be tried again.</summary>
    public IReadOnlyDictionary<Lever, (int Failures, MonoTime NotBefore)> Rests { get; init; } = new Dictionary<Lever, (int, MonoTime)>();
    /// <summary>Giving back failed so often, and when it is tried again.</summary>
    public (int Failures, MonoTime NotBefore) BackRest { get; init; }
    public (int Failures, MonoTime NotBefore) LookRest { get; init; }

    /// <summary>What was told and is not to be told or done again while it stands in the plan: keys of impulses, wishes below enforce.</summary>
    public IReadOnlyList<string> Told { get; init; } = [];
    /// <summary>Freezes in a row that the kernel did not confirm.</summary>
    public int Unconfirmed { get; init; }

    public bool MayTry(Lever lever, MonoTime now) => !Rests.TryGetValue(lever, out var rest) || now >= rest.NotBefore;
}

/// <summary>(what is wanted, what is held) -> the next step. Pure. Gives back before it takes: two levers are never on one container at once.</summary>
internal static class NextStep
{
    /// <summary>So near is the same share: the freezer can't do better.</summary>
    private const double SameShare = 0.005;

    /// <returns>Null: all is as wanted, or must wait.</returns>
    public static Step? Of(Desired desired, HandMemory memory, MonoTime now)
    {
        if (memory.Run is { } held)
        {
            if (!Fits(held, desired.Seen?.Container) && now >= memory.LookRest.NotBefore)
                return new Step.Look(held);
            if (Serves(held, desired, memory, now))
                return Adjusted(held, desired.Limit);
            // While Docker does not answer nobody knows whether it is wanted.
            if (!held.IsCompute && desired is { Seen: null, DockerAnswers: false })
                return null;
            // Right after a start nobody knows yet what the rules want: what outlived the agent stays until they do.
            if (!held.IsCompute && !desired.IsSettled)
                return null;
            return now >= memory.BackRest.NotBefore ? new Step.GiveBack(held) : null;
        }
        // Below enforce a step is only told, which needs no guard.
        if (desired.OnlyKeep && (desired.Mode == Mode.Enforce || !desired.IsSettled) || memory.LeftToPeople || desired.Seen is null)
            return null;
        foreach (var impulse in desired.Impulses)
            if (impulse.Mode >= Mode.Recommend && memory.MayTry(impulse.Lever, now) && !memory.Told.Contains(impulse.Key))
                return new Step.Do(impulse);
        if (desired.Mode < Mode.Recommend || desired.Run is not { } run || run.Limit == RunLimit.Free || AwaitsImpulse(desired, memory)
            || desired.Mode == Mode.Recommend && memory.Told.Contains(TellingOf(run)))
            return null;
        foreach (var lever in Levers(run.Limit))
            if (memory.MayTry(lever, now))
                return new Step.Take(lever, run.Limit, run);
        return null;
    }

    /// <summary>A restart makes a new life: nothing is taken of the old one any more.</summary>
    private static bool AwaitsImpulse(Desired desired, HandMemory memory) =>
        !desired.OnlyKeep && desired.Impulses.Any(i => i.Mode == Mode.Enforce && !memory.Told.Contains(i.Key));

    /// <summary>What is told once of a wish that is not carried out.</summary>
    public static string TellingOf(WantedRun run) => $"{run.Rule} {run.Limit.State}";

    /// <summary>The lever that was asked for, then the next best.</summary>
    private static IEnumerable<Lever> Levers(RunLimit limit)
    {
        yield return limit.Lever;
        // Docker may not answer; the freezer needs no daemon.
        if (limit.State == RunState.Paused)
            yield return Lever.Share;
    }

    private static bool Serves(Hold held, Desired desired, HandMemory memory, MonoTime now)
    {
        if (memory.LeftToPeople || desired.Limit == RunLimit.Free || AwaitsImpulse(desired, memory))
            return false;
        if (desired.Mode < Mode.Enforce && !(desired.OnlyKeep && !held.IsCompute))
            return false;
        return held.Lever == desired.Limit.Lever
            // The next best serves until the first may be tried again.
            || desired.Limit.State == RunState.Paused && held is { Lever: Lever.Share, Share: 0 } && !memory.MayTry(Lever.Pause, now);
    }

    private static Step.Adjust? Adjusted(Hold held, RunLimit limit) =>
        held.Lever == Lever.Share && Math.Abs(held.Share - limit.Share) > SameShare ? new Step.Adjust(held, limit.Share) : null;

    private static bool Fits(Hold held, ContainerSample? seen) => seen is null
        // Not listed: Docker may only be away. Giving back will find out.
        || seen.Id.IsSameLife(held.Workload) && held.Lever switch
        {
            // Also one that a person has paused: their hand and ours do not meet (FreezeCell).
            Lever.Share => seen.Runs,
            Lever.Pause => seen.State == ContainerState.Paused,
            Lever.Stop => !seen.Runs,
            Lever.Sleep => seen.Runs,
            _ => true,
        };
}
