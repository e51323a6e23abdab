using Headroom.Act.Actuators;
using Headroom.Model;

namespace Headroom.Act.Hands;

/// <summary>The steps: each from a look at Docker to a proof.</summary>
internal sealed partial class ContainerHand
{
    // What the freezer can't do is Docker's or the model server's.
    private static StepResult? DockerOnly(ContainerNow container, Lever lever) => container.Sample.IsProcessGroup && lever != Lever.Share
        ? StepResult.Refused($"it is a process group of `headroom exec`: it can be given a share or stand behind a gate, not {lever.Word()}") : null;

    private static bool Serves(Hold hold, ContainerNow now) => hold.Lever == Lever.Pause ? now.State == ContainerState.Paused : !now.Sample.Runs;

    private async Task TakeAsync(Step.Take step, Desired desired, CancellationToken stop)
    {
        var began = Now;
        var id = desired.Seen!.Container.Id;
        var (container, refusal) = await _tools.Permission.AskAsync(id, desired.Mode, desired.Policy, stop);
        if (container is null)
        {
            Refuse(step.Lever, StepKind.Take, desired, step.Wanted.Rule, step.Wanted.Reason, refusal!, began);
            return;
        }
        if (DockerOnly(container, step.Lever) is { } only)
        {
            Refuse(step.Lever, StepKind.Take, desired, step.Wanted.Rule, step.Wanted.Reason, only, began);
            return;
        }
        var actuator = _tools.Actuators.GetValueOrDefault(step.Lever);
        var target = new Target(Name, container, desired, Newest, _tools.MayAct);
        var prepared = actuator is null ? Preparation.Refuse($"this version has no lever {step.Lever.Word()}") : await actuator.PrepareAsync(target, stop);
        if (prepared.Refusal is { } why)
        {
            Refuse(step.Lever, StepKind.Take, desired, step.Wanted.Rule, step.Wanted.Reason, StepResult.Refused(why), began);
            return;
        }
        if (desired.Mode < Mode.Enforce)
        {
            MarkTold(NextStep.TellingOf(step.Wanted));
            Tell(StepKind.Take, step.Lever, step.Wanted.Rule, new StepResult(OutcomeResult.DryRun, "would be done in mode enforce"), began, desired, step.Wanted.Reason, share: step.Limit.Share);
            return;
        }
        Hold hold;
        try
        {
            hold = _tools.Journal.Take(NewHold(step, desired, container, prepared));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Refuse(step.Lever, StepKind.Take, desired, step.Wanted.Rule, step.Wanted.Reason,
                StepResult.Refused($"not in the journal, so not done: {e.Message} Is the disk of the state directory full or read-only?"), began);
            return;
        }
        // From here on it counts as held, whatever happens.
        Remember(m => m with { Run = hold });
        Volatile.Write(ref _trim, ShareTrim.None.Changed(Now));
        _tools.Crash.Pass("journal.taken");
        var result = await actuator!.TakeAsync(target, hold, stop);
        _tools.Crash.Pass("effect.taken");
        Tell(StepKind.Take, step.Lever, step.Wanted.Rule, result, began, desired, step.Wanted.Reason, hold);
        if (result.Result == OutcomeResult.Done)
        {
            Remember(m => m with { Rests = m.Rests.Where(r => r.Key != step.Lever).ToDictionary(), BackRest = default, Unconfirmed = 0 });
            return;
        }
        Rest(step.Lever);
        if (result.Result == OutcomeResult.Unknown || result.Result == OutcomeResult.Failed && step.Lever == Lever.Stop)
            Remember(m => m with { DoubtUntil = Now + Doubt + (step.Lever == Lever.Stop ? container.StopTimeout : TimeSpan.Zero) });
        if (result.Result == OutcomeResult.Drifted)
        {
            End(hold, result.Evidence);
            return;
        }
        if (result.Result == OutcomeResult.Unverified)
            Remember(m => m with { Unconfirmed = m.Unconfirmed + 1 });
        // A server that kept its VRAM, a container whose tasks do not stand still.
        if (result.Result == OutcomeResult.Unverified && (step.Lever == Lever.Sleep || step.Lever == Lever.Share && Memory.Unconfirmed >= UselessAfter))
            Useless(step.Lever);
        // Failed, or nobody knows: what may be there is taken back.
        await GiveBackAsync(hold, desired, stop);
    }

    private async Task AdjustAsync(Step.Adjust step, Desired desired)
    {
        var hold = step.Hold with { Share = step.Share, Reason = desired.Run!.Reason };
        Volatile.Write(ref _trim, _trim.Changed(Now));
        Remember(m => m with { Run = hold });
        await ApplyShareAsync(hold, desired);
    }

    private async Task GiveBackAsync(Hold hold, Desired desired, CancellationToken stop)
    {
        var began = Now;
        ContainerNow? container = null;
        try
        {
            container = await _tools.Look.InspectAsync(hold.Workload.InstanceId, stop);
            if (container is null)
            {
                await DropAsync(hold, desired, "the container is gone", began);
                return;
            }
            if (!container.Id.IsSameLife(hold.Workload) && hold.Lever != Lever.Stop)
            {
                await DropAsync(hold, desired, "that life of the container has ended", began);
                return;
            }
        }
        catch (DockerAwayException)
        {
            // some levers need no daemon
        }
        var result = await _tools.Actuators[hold.Lever].GiveBackAsync(new Target(Name, container, desired, Newest, _tools.MayAct), hold, stop);
        _tools.Crash.Pass("effect.given-back");
        // Nothing there to give back; but what was sent may still happen.
        if (result.Result == OutcomeResult.Drifted && IsInDoubt && container?.Id.IsSameLife(hold.Workload) == true)
            result = StepResult.Unknown($"not in force, and may still come: no answer came to what was sent ({result.Evidence})");
        if (result.EndsHold)
        {
            End(hold, result.Evidence);
            Tell(StepKind.GiveBack, hold.Lever, hold.Rule, result, began, desired, null, hold);
            return;
        }
        var failures = Memory.BackRest.Failures + 1;
        var waits = result.Result == OutcomeResult.Refused;
        Remember(m => m with { Run = hold with { Stuck = result.Evidence }, BackRest = (failures, Now + (waits ? FirstRest : RestFor(failures))) });
        if (!waits || failures == 1)
            Tell(StepKind.GiveBack, hold.Lever, hold.Rule, result, began, desired, null, hold);
    }

    /// <summary>What is seen does not fit: find out whose hand it was. Ours only ever undoes what is still ours.</summary>
    private async Task LookAsync(Hold hold, Desired desired, CancellationToken stop)
    {
        var began = Now;
        ContainerNow? now;
        try
        {
            now = await _tools.Look.InspectAsync(hold.Workload.InstanceId, stop);
            Remember(m => m with { LookRest = (0, Now + FirstRest) });
        }
        catch (DockerAwayException)
        {
            var failures = Memory.LookRest.Failures + 1;
            // What was sent waits in the daemon too: doubt counts from its first answer.
            Remember(m => m with { LookRest = (failures, Now + RestFor(failures)), DoubtUntil = m.DoubtUntil is null ? null : Now + Doubt });
            return;
        }
        var person = Interlocked.Exchange(ref _started, 0) == 1;
        if (now is null || !now.Id.IsSameLife(hold.Workload) || !now.Sample.Runs && hold.Lever != Lever.Stop)
        {
            var byHand = hold.Lever == Lever.Stop && person && now is not null;
            await DropAsync(hold, desired, now is null ? "the container is gone"
                : byHand ? "somebody started it: it is left to them"
                : now.Sample.Runs ? "that life of the container has ended" : $"it ended ({now.State})", began);
            if (byHand)
                Remember(m => m with { LeftToPeople = true });
            return;
        }
        if (Memory.DoubtUntil is not null && !Serves(hold, now))
        {
            if (!IsInDoubt)
                await DropAsync(hold, desired, "what was sent never happened", began);
            return;
        }
        Remember(m => m with { DoubtUntil = null });
        switch (hold.Lever)
        {
            // An unpause of ours whose answer was lost.
            case Lever.Pause when now.State != ContainerState.Paused && Memory.BackRest.Failures > 0:
                await DropAsync(hold, desired, "it runs", began);
                break;
            case Lever.Pause when now.State != ContainerState.Paused:
                await DropAsync(hold, desired, "somebody unpaused it: it is left to them", began);
                Remember(m => m with { LeftToPeople = true });
                break;
            case Lever.Stop when now.Sample.Runs:
                await DropAsync(hold, desired, "it runs: the stop had no effect", began);
                break;
        }
    }

    private async Task DoAsync(Impulse impulse, Desired desired, CancellationToken stop)
    {
        var began = Now;
        if (_tools.Budgets.Impulses.Any(done => done.Key == impulse.Key && done.Workload == Name))
        {
            MarkTold(impulse.Key);
            return;
        }
        var (container, refusal) = await _tools.Permission.AskAsync(impulse.Workload, desired.Mode, desired.Policy, stop);
        if (container is null)
        {
            Refuse(impulse.Lever, StepKind.Impulse, desired, impulse.Rule, impulse.Reason, refusal!, began);
            return;
        }
        MarkTold(impulse.Key);
        var result = DockerOnly(container, impulse.Lever) is { } only ? only : impulse.Mode < Mode.Enforce
            ? new StepResult(OutcomeResult.DryRun, "would be done in mode enforce")
            : await _tools.Restarts.DoAsync(new Target(Name, container, desired, Newest, _tools.MayAct), impulse, _tools.Crash, stop);
        Tell(StepKind.Impulse, impulse.Lever, impulse.Rule, result, began, desired, impulse.Reason);
        if (result.Result is not (OutcomeResult.Done or OutcomeResult.DryRun))
            Rest(impulse.Lever);
        // Not done after all: it may be tried again.
        if (result.Result == OutcomeResult.Refused)
            Remember(m => m with { Told = [.. m.Told.Where(key => key != impulse.Key)] });
    }

    private async Task TrimAsync(Desired desired, CancellationToken stop)
    {
        if (Memory.Run is not { Lever: Lever.Share or Lever.Pause } hold)
            return;
        var (before, now) = (_trim, _trim.Held(desired.SmUse, desired.FreeSmUse, hold.Share, Now));
        Volatile.Write(ref _trim, now);
        if (now.IsIneffective)
        {
            Useless(hold.Lever);
            Tell(StepKind.Take, hold.Lever, hold.Rule,
                new StepResult(OutcomeResult.Ineffective, $"held at {hold.Share:P0} it still obtains {now.Obtained:P0} of the GPU; this lever is not used on it for a day"), Now, desired, null, hold);
            Volatile.Write(ref _trim, ShareTrim.None.Changed(Now));
            await GiveBackAsync(hold, desired, stop);
        }
        else if (hold.Lever == Lever.Share && now.Factor != before.Factor)
            await ApplyShareAsync(hold, desired);
    }

    private async Task ApplyShareAsync(Hold hold, Desired desired)
    {
        var answer = await _tools.Freeze.AdjustAsync(hold, hold.Share, hold.Share * _trim.Factor, desired);
        if (answer.Confirmed)
            return;
        // Whether the container is still there decides what it means: no failure yet.
        Tell(StepKind.Take, hold.Lever, hold.Rule, new StepResult(OutcomeResult.Unverified, answer.Words), Now, desired, null, hold);
        Volatile.Write(ref _look, 1);
        Signal();
    }

    private async Task DropAsync(Hold hold, Desired desired, string why, MonoTime began)
    {
        // Nothing of the dead life is left to write to; the freezer only forgets it.
        if (hold.Lever == Lever.Share)
            await _tools.Freezer.LetGoAsync(FreezeActuator.PlaceOf(hold));
        End(hold, why);
        Tell(StepKind.Drop, hold.Lever, hold.Rule, StepResult.Drifted(why), began, desired, null, hold);
    }
}
