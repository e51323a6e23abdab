using Headroom.Act.Serving;
using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>Puts a model server to sleep by its own endpoint. A server's yes is not believed: asleep is who has given its VRAM back, as the driver tells.</summary>
internal sealed class SleepActuator(DockerHand docker, ServerLevers servers, VramRoom room, TimeProvider time) : IActuator
{
    /// <summary>It must hold less than this part of what it held.</summary>
    private const double AsleepBelow = 0.5;
    private static readonly TimeSpan GivesBackWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public async Task<Preparation> PrepareAsync(Target target, CancellationToken stop)
    {
        var container = target.Container!;
        if (container.State != ContainerState.Running)
            return Preparation.Refuse($"it does not run ({container.State})");
        if (target.Desired.GpuBytes is not { Bytes: > 0 })
            return Preparation.Refuse("how much VRAM it holds is not known, so neither whether sleep gives any back");
        var (preset, port) = ServerOf(target);
        var support = ServerLevers.Supports(container.Sample, preset);
        if (!support.Can)
            return Preparation.Refuse(support.Why);
        var prepared = await servers.PrepareAsync(container.Sample, preset, port, stop);
        return prepared.WakeRecipe is { } recipe
            ? new Preparation(new Undo(UndoKind.Wake, container.Id.InstanceId, Value: recipe), "awake")
            : Preparation.Refuse(prepared.Words);
    }

    public async Task<StepResult> TakeAsync(Target target, Hold hold, CancellationToken stop)
    {
        var answer = await servers.SleepAsync(target.Container!.Sample, hold.Undo!.Value!, stop);
        if (answer.Result is ServerResult.Refused or ServerResult.Failed)
            return StepResult.Failed(answer.Words);
        var before = hold.BytesBefore!.Value;
        var began = time.Mono();
        long? now = null;
        while (time.Mono() - began < GivesBackWithin)
        {
            // A tick from before the answer tells nothing of after it.
            if (target.Newest() is { } newest && newest.PlannedAt > began)
            {
                now = newest.GpuBytes?.Bytes;
                if (now < AsleepBelow * before)
                    return StepResult.Done($"{answer.Words}; it holds {now >> 20} MiB instead of {before >> 20}");
            }
            await Task.Delay(Look, time, stop);
        }
        return new StepResult(OutcomeResult.Unverified,
            $"{answer.Words}; but {GivesBackWithin.TotalSeconds:0} s later it holds {(now is { } held ? $"{held >> 20} MiB" : "nobody knows what")}, before {before >> 20} MiB", true);
    }

    public async Task<StepResult> GiveBackAsync(Target target, Hold hold, CancellationToken stop)
    {
        if (target.Container is not { } container)
            return StepResult.Unknown("Docker does not answer");
        if (container.State != ContainerState.Running)
            return StepResult.Drifted($"it does not run ({container.State})");
        using var turn = room.TryEnter(hold, out var full);
        if (turn is null)
            return StepResult.Refused(full);
        var answer = await servers.WakeAsync(container.Sample, hold.Undo!.Value!, stop);
        // Its container may have ended while it loaded.
        if (answer.Result != ServerResult.Done && await IsGoneAsync(hold, stop))
            return StepResult.Drifted("the container has ended meanwhile");
        return answer.Result switch
        {
            ServerResult.Done => StepResult.Done(answer.Words),
            ServerResult.Unknown => StepResult.Unknown(answer.Words),
            _ => StepResult.Failed(answer.Words),
        };
    }

    private async Task<bool> IsGoneAsync(Hold hold, CancellationToken stop)
    {
        try
        {
            return await docker.InspectAsync(hold.Workload.InstanceId, stop) is not { } now || !now.Id.IsSameLife(hold.Workload) || !now.Sample.Runs;
        }
        catch (DockerAwayException)
        {
            return false;
        }
    }

    private static (string? Preset, int? Port) ServerOf(Target target)
    {
        var seen = target.Desired.Seen!;
        return (seen.Policy.Metrics?.Preset ?? seen.LatencySource, seen.Policy.Ports.Count > 0 ? seen.Policy.Ports[0] : seen.Policy.Metrics?.Port);
    }
}
