using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>Stops the container, after its drain hook; gives back everything, VRAM too. Given back by starting it, when its VRAM is free.</summary>
internal sealed class StopActuator(DockerHand docker, Drain drain, VramRoom room) : IActuator
{
    public Task<Preparation> PrepareAsync(Target target, CancellationToken stop) => Task.FromResult(target.Container!.State switch
    {
        _ when target.Container.AutoRemove => Preparation.Refuse("it was started with --rm: a stop would delete it"),
        ContainerState.Running or ContainerState.Restarting => new Preparation(new Undo(UndoKind.Start, target.Container.Id.InstanceId), "runs"),
        ContainerState.Paused => Preparation.Refuse("somebody paused it: it is theirs"),
        var state => Preparation.Refuse($"it does not run ({state})"),
    });

    public async Task<StepResult> TakeAsync(Target target, Hold hold, CancellationToken stop)
    {
        var drained = await drain(target, stop);
        if (drained.Length > 0 && await WhyNotAfterDrainAsync(docker, target, hold.Workload, stop) is { } why)
            return StepResult.Drifted($"{drained}{why}");
        if (target.Newest().Limit.State != RunState.Stopped)
            return StepResult.Drifted($"{drained}no longer wanted");
        var sent = await docker.StopAsync(hold.Workload.InstanceId, target.Container!.StopTimeout, stop);
        try
        {
            var now = await docker.InspectAsync(hold.Workload.InstanceId, stop);
            if (now is null)
                return StepResult.Drifted("the container is gone");
            if (!now.Id.IsSameLife(hold.Workload))
                return StepResult.Drifted("somebody started it anew meanwhile");
            if (!now.Sample.Runs && now.State != ContainerState.Restarting)
                return StepResult.Done($"{drained}it ended with exit code {now.Sample.ExitCode}");
            return sent.Answer is DockerAnswer.Unknown
                ? StepResult.Unknown($"{sent.Words}; it is {now.State}")
                : StepResult.Failed(sent.Answer == DockerAnswer.Done ? $"Docker said yes, and it is {now.State}" : sent.Words);
        }
        catch (DockerAwayException e)
        {
            return StepResult.Unknown(e.Message);
        }
    }

    /// <summary>A drain takes as long as its hook says; meanwhile anything may have happened.</summary>
    public static async Task<string?> WhyNotAfterDrainAsync(DockerHand docker, Target target, WorkloadId life, CancellationToken stop)
    {
        if (!target.MayAct())
            return "this agent's lease has run out";
        try
        {
            return await docker.InspectAsync(life.InstanceId, stop) is { } now && now.Id.IsSameLife(life) ? null : "that life of the container has ended";
        }
        catch (DockerAwayException e)
        {
            return e.Message;
        }
    }

    public async Task<StepResult> GiveBackAsync(Target target, Hold hold, CancellationToken stop)
    {
        if (target.Container is null)
            return StepResult.Unknown("Docker does not answer");
        if (!target.Container.Id.IsSameLife(hold.Workload))
            return StepResult.Drifted("somebody started it already");
        if (target.Container.Sample.Runs)
            return StepResult.Drifted("it runs: the stop had no effect");
        using var turn = room.TryEnter(hold, out var full);
        if (turn is null)
            return StepResult.Refused(full);
        var sent = await docker.StartAsync(hold.Workload.InstanceId, stop);
        try
        {
            var now = await docker.InspectAsync(hold.Workload.InstanceId, stop);
            if (now is null)
                return StepResult.Drifted("the container is gone");
            if (!now.Id.IsSameLife(hold.Workload))
                return StepResult.Done(now.Sample.Runs ? "it runs again" : $"it was started and ended with exit code {now.Sample.ExitCode}");
            return sent.Answer is DockerAnswer.Unknown ? StepResult.Unknown(sent.Words) : StepResult.Failed($"{sent.Words}; it is {now.State}");
        }
        catch (DockerAwayException e)
        {
            return StepResult.Unknown(e.Message);
        }
    }
}
