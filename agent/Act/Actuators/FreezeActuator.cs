using Headroom.Act.Freezing;
using Headroom.Act.Hands;
using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>A share of time, by the freezer; share 0 stands still, with a breath now and then.</summary>
/// <param name="locate">Where the freezer of a container is, by its first process; or why it can't be used.</param>
/// <param name="gather">Moves the container's processes into our cell; what is in the way, null when done.</param>
internal sealed class FreezeActuator(IFreezer freezer, Func<ContainerSample, FreezerPlace> locate, Func<FreezeTarget, string?> gather) : IActuator
{
    public Task<Preparation> PrepareAsync(Target target, CancellationToken stop)
    {
        var container = target.Container!.Sample;
        if (container.State == ContainerState.Paused)
            return Task.FromResult(Preparation.Refuse("somebody paused it: it is theirs"));
        if (container.State != ContainerState.Running)
            return Task.FromResult(Preparation.Refuse($"it does not run ({container.State})"));
        var (found, problem) = locate(container);
        if (found is null)
            return Task.FromResult(Preparation.Refuse(problem!));
        var place = FreezeCell.In(found);
        return Task.FromResult(new Preparation(new Undo(UndoKind.WriteIfOurs, place.File, place.Frozen, place.Thawed), "runs all the time"));
    }

    public async Task<StepResult> TakeAsync(Target target, Hold hold, CancellationToken stop)
    {
        var place = PlaceOf(hold, target.Desired.Seen?.Policy.Group?.Name);
        if (gather(place) is { } problem)
            return StepResult.Failed(problem);
        var answer = await freezer.SetAsync(place, LawOf(hold.Share, hold.Share), target.Desired.Policy.Limits.MaxFreeze);
        return answer.Confirmed ? StepResult.Done(answer.Words) : new StepResult(OutcomeResult.Unverified, answer.Words, true);
    }

    public async Task<StepResult> GiveBackAsync(Target target, Hold hold, CancellationToken stop)
    {
        var answer = await freezer.LetGoAsync(PlaceOf(hold));
        return answer.Confirmed ? StepResult.Done(answer.Words) : new StepResult(OutcomeResult.Unverified, answer.Words, true);
    }

    /// <summary>The same hold with another share.</summary>
    /// <param name="trimmed">What the freezer gives, so that the workload obtains <paramref name="share"/>.</param>
    public Task<FreezeAnswer> AdjustAsync(Hold hold, double share, double trimmed, Desired desired) =>
        freezer.SetAsync(PlaceOf(hold, desired.Seen?.Policy.Group?.Name), LawOf(share, trimmed), desired.Policy.Limits.MaxFreeze);

    private static RunLaw LawOf(double share, double trimmed) => share <= 0 ? RunLaw.Held : RunLaw.Duty(trimmed, RunLaw.DefaultPeriod);

    /// <summary>Where a hold's freezer is, from its undo.</summary>
    public static FreezeTarget PlaceOf(Hold hold, string? group = null)
    {
        var file = hold.Undo!.Target;
        return new FreezeTarget(hold.Workload.InstanceId, Path.GetDirectoryName(file)!, Path.GetFileName(file) == "cgroup.freeze", group);
    }
}
