using Headroom.Act.Journal;
using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>What can't be undone: restart (drain, restart, healthy) and start. Each is on the books before it is done and never repeated.</summary>
internal sealed class RestartActuator(DockerHand docker, Drain drain, Budgets budgets, TimeProvider time)
{
    /// <summary>Models load for minutes.</summary>
    private static readonly TimeSpan HealthyWithin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    /// <summary>One that dies again at once has not come up.</summary>
    private static readonly TimeSpan StaysUp = TimeSpan.FromSeconds(3);

    public async Task<StepResult> DoAsync(Target target, Impulse impulse, CrashPoints crash, CancellationToken stop)
    {
        var container = target.Container!;
        if (impulse.Kind == ImpulseKind.Start && container.Sample.Runs)
            return StepResult.Done("it runs already");
        if (impulse.Kind == ImpulseKind.Restart && container.State != ContainerState.Running)
            return StepResult.Refused($"it does not run ({container.State})");
        try
        {
            budgets.Spend(new ImpulseRecord(target.Name, impulse.Kind, impulse.Rule, impulse.Key, time.GetUtcNow(), null));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return StepResult.Refused($"not on the books, so not done: {e.Message}");
        }
        crash.Pass("budget.spent");
        var id = impulse.Workload.InstanceId;
        if (impulse.Kind == ImpulseKind.Start)
            return TakenBack(impulse, await UpAsync(target, impulse.Workload, await docker.StartAsync(id, stop), "", stop));
        var drained = await drain(target, stop);
        crash.Pass("restart.drained");
        if (drained.Length > 0 && await StopActuator.WhyNotAfterDrainAsync(docker, target, impulse.Workload, stop) is { } why)
            return TakenBack(impulse, StepResult.Refused($"{drained}{why}"));
        var sent = await docker.RestartAsync(id, container.StopTimeout, stop);
        crash.Pass("restart.sent");
        return TakenBack(impulse, await UpAsync(target, impulse.Workload, sent, drained, stop));
    }

    /// <summary>What never left this process has cost nothing.</summary>
    private StepResult TakenBack(Impulse impulse, StepResult result)
    {
        if (result.Result == OutcomeResult.Refused)
            budgets.TakeBack(impulse.Key);
        return result;
    }

    private async Task<StepResult> UpAsync(Target target, WorkloadId before, DockerResult sent, string drained, CancellationToken stop)
    {
        if (sent.Answer is DockerAnswer.Gone)
            return StepResult.Drifted(sent.Words);
        if (sent.Answer is DockerAnswer.NotSent)
            return StepResult.Refused(sent.Words);
        var began = time.Mono();
        var last = sent.Words;
        var upSince = (MonoTime?)null;
        while (time.Mono() - began < HealthyWithin)
        {
            try
            {
                var now = await docker.InspectAsync(before.InstanceId, stop);
                if (now is null)
                    return StepResult.Drifted("the container is gone");
                var isNew = !now.Id.IsSameLife(before);
                if (isNew && now.State == ContainerState.Running)
                {
                    upSince ??= time.Mono();
                    var isUp = now.Sample.HasHealthCheck ? now.Sample.Health == ContainerHealth.Healthy : time.Mono() - upSince >= StaysUp;
                    if (isUp)
                        return StepResult.Done($"{drained}it runs again{(now.Sample.HasHealthCheck ? " and is healthy" : "")} after {(time.Mono() - began).TotalSeconds:0} s");
                    last = now.Sample.HasHealthCheck ? $"it runs and is {now.Sample.Health}" : "it runs";
                }
                else if (isNew && now.Sample.ExitCode == 0)
                {
                    return StepResult.Done($"{drained}it ran and ended with exit code 0");
                }
                else if (!isNew && sent.Answer is DockerAnswer.Failed or DockerAnswer.Conflict)
                {
                    return StepResult.Failed(sent.Words);
                }
                else
                {
                    upSince = null;
                    last = $"it is {now.State}{(now.Sample.ExitCode is { } code ? $", exit code {code}" : "")}";
                    if (isNew && now.State is ContainerState.Exited or ContainerState.Dead && now.Sample.RestartPolicy == "no")
                        return StepResult.Failed($"{drained}it came up and ended: {last}");
                }
            }
            catch (DockerAwayException e)
            {
                last = e.Message;
            }
            await Task.Delay(Look, time, stop);
        }
        return new StepResult(OutcomeResult.Unverified, $"{drained}not up within {HealthyWithin.TotalMinutes:0} min: {last}", true);
    }
}
