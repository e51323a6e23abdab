using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>Docker's own pause: for long holds, and visible to everybody.</summary>
internal sealed class PauseActuator(DockerHand docker) : IActuator
{
    public Task<Preparation> PrepareAsync(Target target, CancellationToken stop) => Task.FromResult(target.Container!.State switch
    {
        ContainerState.Running => new Preparation(new Undo(UndoKind.Unpause, target.Container.Id.InstanceId), "runs"),
        ContainerState.Paused => Preparation.Refuse("somebody paused it already: it is theirs"),
        var state => Preparation.Refuse($"it does not run ({state})"),
    });

    public async Task<StepResult> TakeAsync(Target target, Hold hold, CancellationToken stop)
    {
        var sent = await docker.PauseAsync(hold.Workload.InstanceId, stop);
        if (sent.Answer == DockerAnswer.Conflict)
            return StepResult.Drifted(sent.Words);
        return await LookAsync(hold, sent, ContainerState.Paused, "paused", stop);
    }

    public async Task<StepResult> GiveBackAsync(Target target, Hold hold, CancellationToken stop)
    {
        if (target.Container is not { State: ContainerState.Paused })
            return target.Container is null ? StepResult.Unknown("Docker does not answer") : StepResult.Drifted("somebody unpaused it already");
        var sent = await docker.UnpauseAsync(hold.Workload.InstanceId, stop);
        return await LookAsync(hold, sent, ContainerState.Running, "runs again", stop);
    }

    /// <summary>Whatever was answered, what is so counts.</summary>
    private async Task<StepResult> LookAsync(Hold hold, DockerResult sent, ContainerState wanted, string words, CancellationToken stop)
    {
        try
        {
            var now = await docker.InspectAsync(hold.Workload.InstanceId, stop);
            if (now is null || !now.Id.IsSameLife(hold.Workload))
                return StepResult.Drifted("the container is gone");
            if (now.State == wanted)
                return StepResult.Done($"Docker says: {words}");
            if (!now.Sample.Runs)
                return StepResult.Drifted("it ended meanwhile");
            if (sent.Answer == DockerAnswer.NotSent)
                return StepResult.Refused(sent.Words);
            return sent.Answer is DockerAnswer.Done or DockerAnswer.Already
                ? new StepResult(OutcomeResult.Unverified, $"Docker said yes, and it is {now.State}", true)
                : StepResult.Failed(sent.Words);
        }
        catch (DockerAwayException e)
        {
            return StepResult.Unknown(e.Message);
        }
    }
}
