using System.Threading.Channels;
using Headroom.Act.Actuators;
using Headroom.Model;
using Headroom.Model.Reasons;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Hands;

/// <summary>All that is done to one container, one step after the other. The newest wish counts; what came between is forgotten (a conflating mailbox).
/// Level-triggered: each look starts from what is wanted and what is held now.</summary>
internal sealed partial class ContainerHand
{
    /// <summary>A look that never comes to rest is a bug; the next tick goes on.</summary>
    private const int StepsAtOnce = 6;
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);
    /// <summary>Freezing and pausing, with all their tries, take at most about ten seconds when Docker does not answer.</summary>
    private static readonly TimeSpan QuickStep = TimeSpan.FromSeconds(30);
    /// <summary>Drains, grace times and loading are as long as their owner says; nothing is frozen meanwhile.</summary>
    private static readonly TimeSpan LongStep = TimeSpan.FromHours(2);
    private static readonly TimeSpan AdoptedDoubt = TimeSpan.FromMinutes(10);
    /// <summary>A new life of a container is not wanted of at once by every rule: only who is not wanted of for so long is done with.</summary>
    private static readonly TimeSpan LeftFor = TimeSpan.FromMinutes(1);
    /// <summary>A daemon that is slow does late what it was asked.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(60);
    /// <summary>So often in a row, and the lever is taken for one that does not work on this workload.</summary>
    private const int UselessAfter = 2;

    private readonly HandTools _tools;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private Desired? _desired;
    private HandMemory _memory;
    private ShareTrim _trim = ShareTrim.None;
    private int _release;
    private int _look;
    private int _started;
    private int _busy;
    private long _deadlineTicks = long.MaxValue;

    /// <param name="adopted">What an earlier agent held and its journal still names.</param>
    public ContainerHand(string instanceId, string name, Hold? adopted, HandTools tools)
    {
        (InstanceId, Name, _tools) = (instanceId, name, tools);
        // A stop that the agent before has sent may still be in its grace time.
        _memory = new HandMemory { Run = adopted, DoubtUntil = adopted?.Lever == Lever.Stop ? tools.Time.Mono() + AdoptedDoubt : null };
    }

    public string InstanceId { get; }
    public string Name { get; private set; }
    public HandMemory Memory => Volatile.Read(ref _memory);

    /// <summary>Nothing held, nothing wanted, nothing going on: it can be let go.</summary>
    public bool IsIdle => Volatile.Read(ref _busy) == 0 && Memory is { Run: null, LeftToPeople: false }
        && Volatile.Read(ref _desired) is null or { Run: null, Impulses.Count: 0 };

    /// <summary>A step has not ended long after it had to: a call hangs where nothing can end it.</summary>
    public bool Hangs => Now.SinceOrigin.Ticks > Volatile.Read(ref _deadlineTicks);

    /// <summary>For people: the hold with what it obtained.</summary>
    public Hold? Shown
    {
        get
        {
            if (Memory.Run is not { } hold)
                return null;
            var obtained = Volatile.Read(ref _trim).Obtained ?? (hold.Lever == Lever.Share ? _tools.Freezer.Meters.GetValueOrDefault(InstanceId)?.ShareObtained : null);
            return hold with { ShareObtained = obtained };
        }
    }

    public void Want(Desired desired)
    {
        if (desired.Seen is { } seen)
            Name = seen.Name;
        Volatile.Write(ref _desired, desired);
        Signal();
    }

    /// <summary>A person wants it back.</summary>
    public void Release()
    {
        Volatile.Write(ref _release, 1);
        Signal();
    }

    /// <summary>Something happened to the container: look at it now, not at the next tick.</summary>
    /// <param name="started">It was started, and Docker was there to say so.</param>
    public void Notice(bool started)
    {
        if (started && Memory.Run?.Lever == Lever.Stop)
            Volatile.Write(ref _started, 1);
        Volatile.Write(ref _look, 1);
        Signal();
    }

    /// <summary>Nothing more will come: its task ends.</summary>
    public void Retire() => _signal.Writer.TryComplete();

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (await _signal.Reader.WaitToReadAsync(stop))
            {
                _signal.Reader.TryRead(out _);
                Volatile.Write(ref _busy, 1);
                Volatile.Write(ref _deadlineTicks, (Now + QuickStep).SinceOrigin.Ticks);
                try
                {
                    await SettleAsync(stop);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogFailed(_tools.Log, Name, e);
                    Rest(Lever.Share, Lever.Pause, Lever.Sleep, Lever.Stop);
                    Broke(Volatile.Read(ref _desired), e.Message);
                }
                finally
                {
                    Volatile.Write(ref _busy, 0);
                    Volatile.Write(ref _deadlineTicks, long.MaxValue);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop; what is held is given back by whoever asked
        }
    }

    /// <summary>At the end of the agent: compute holds are given back, state holds stay for the next one.</summary>
    public async Task<bool> EndAsync(CancellationToken stop)
    {
        if (Memory.Run is not { IsCompute: true } hold || Volatile.Read(ref _desired) is not { } desired)
            return Memory.Run is not { IsCompute: true };
        await GiveBackAsync(hold, desired, stop);
        return Memory.Run is null;
    }

    private bool IsInDoubt => Memory.DoubtUntil > Now;

    private static bool Serves(Hold hold, ContainerNow now) => hold.Lever == Lever.Pause ? now.State == ContainerState.Paused : !now.Sample.Runs;

    private MonoTime Now => _tools.Time.Mono();

    private async Task SettleAsync(CancellationToken stop)
    {
        if (Volatile.Read(ref _desired) is not { } desired)
            return;
        if (Interlocked.Exchange(ref _release, 0) == 1 && Memory.Run is not null)
            Remember(m => m with { LeftToPeople = true });
        if (Interlocked.Exchange(ref _look, 0) == 1 && Memory.Run is { } held)
            await LookAsync(held, desired, stop);
        if (desired.Run is not null || desired.Impulses.Count > 0)
            Remember(m => m.UnwantedSince is null ? m : m with { UnwantedSince = null });
        else if (Memory is { UnwantedSince: null } and ({ LeftToPeople: true } or { Told.Count: > 0 }))
            Remember(m => m with { UnwantedSince = Now, Told = [] });
        else if (Memory is { LeftToPeople: true, Run: null, UnwantedSince: { } since } && Now - since > LeftFor)
            Remember(m => m with { LeftToPeople = false, UnwantedSince = null });
        for (var i = 0; i < StepsAtOnce; i++)
        {
            desired = Volatile.Read(ref _desired)!;
            var step = NextStep.Of(desired, Memory, Now);
            Volatile.Write(ref _deadlineTicks, (Now + PatienceFor(step)).SinceOrigin.Ticks);
            switch (step)
            {
                case Step.Take take:
                    await TakeAsync(take, desired, stop);
                    break;
                case Step.Adjust adjust:
                    await AdjustAsync(adjust, desired);
                    break;
                case Step.GiveBack back:
                    await GiveBackAsync(back.Hold, desired, stop);
                    break;
                case Step.Look look:
                    await LookAsync(look.Hold, desired, stop);
                    break;
                case Step.Do impulse:
                    await DoAsync(impulse.Impulse, desired, stop);
                    break;
                case null:
                    await TrimAsync(desired, stop);
                    RenewIfDue(desired);
                    return;
            }
        }
    }

    /// <summary>Far above what each step may take by its own limits.</summary>
    private static TimeSpan PatienceFor(Step? step) => step switch
    {
        Step.Do or Step.Take { Lever: Lever.Stop or Lever.Sleep } or Step.GiveBack { Hold.Lever: Lever.Stop or Lever.Sleep } => LongStep,
        _ => QuickStep,
    };

    private async Task TakeAsync(Step.Take step, Desired desired, CancellationToken stop)
    {
        var began = Now;
        var id = desired.Seen!.Container.Id;
        var (container, refusal) = await AskAsync(id, desired, stop);
        if (container is null)
        {
            Refuse(step.Lever, StepKind.Take, desired, step.Wanted.Rule, step.Wanted.Reason, refusal!, began);
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
            Remember(m => m with { Told = [.. m.Told, NextStep.TellingOf(step.Wanted)] });
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
            container = await _tools.Docker.InspectAsync(hold.Workload.InstanceId, stop);
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
        if (result.Result == OutcomeResult.Drifted && IsInDoubt)
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
            now = await _tools.Docker.InspectAsync(hold.Workload.InstanceId, stop);
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
            Remember(m => m with { Told = [.. m.Told, impulse.Key] });
            return;
        }
        var (container, refusal) = await AskAsync(impulse.Workload, desired, stop);
        if (container is null)
        {
            Refuse(impulse.Lever, StepKind.Impulse, desired, impulse.Rule, impulse.Reason, refusal!, began);
            return;
        }
        Remember(m => m with { Told = [.. m.Told, impulse.Key] });
        var result = impulse.Mode < Mode.Enforce
            ? new StepResult(OutcomeResult.DryRun, "would be done in mode enforce")
            : await _tools.Restarts.DoAsync(new Target(Name, container, desired, Newest, _tools.MayAct), impulse, _tools.Crash, stop);
        Tell(StepKind.Impulse, impulse.Lever, impulse.Rule, result, began, desired, impulse.Reason);
        if (result.Result is not (OutcomeResult.Done or OutcomeResult.DryRun))
            Rest(impulse.Lever);
        // Not done after all: it may be tried again.
        if (result.Result == OutcomeResult.Refused)
            Remember(m => m with { Told = [.. m.Told.Where(key => key != impulse.Key)] });
    }

    /// <summary>The container as it is now, if it may be touched: the same life, opted in, and this agent still the one that acts.</summary>
    private async Task<(ContainerNow?, StepResult?)> AskAsync(WorkloadId id, Desired desired, CancellationToken stop)
    {
        if (!_tools.MayAct())
            return (null, StepResult.Refused("this agent's lease has run out"));
        ContainerNow? now;
        try
        {
            now = await _tools.Docker.InspectAsync(id.InstanceId, stop);
        }
        catch (DockerAwayException e)
        {
            return (null, StepResult.Unknown(e.Message));
        }
        if (now is null || !now.Id.IsSameLife(id))
            return (null, StepResult.Drifted("that life of the container has ended"));
        var policy = _tools.Classify(now.Sample, desired.Policy);
        return now.Id.InstanceId == _tools.OwnContainer ? (null, StepResult.Refused("it is this agent's own container"))
            : policy.Exempt ? (null, StepResult.Refused("it is exempt"))
            : !policy.Managed ? (null, StepResult.Refused("it is not opted in"))
            : policy.Mode < desired.Mode ? (null, StepResult.Refused($"its mode is {policy.Mode.Word()} now"))
            : (now, null);
    }

    private async Task TrimAsync(Desired desired, CancellationToken stop)
    {
        if (Memory.Run is not { } hold)
            return;
        if (hold.Lever is not (Lever.Share or Lever.Pause))
            return;
        var (before, now) = (_trim, _trim.Held(desired.SmUse, desired.FreeSmUse, hold.Share, Now));
        Volatile.Write(ref _trim, now);
        if (now.IsIneffective)
        {
            Useless(hold.Lever);
            Tell(StepKind.Take, hold.Lever, hold.Rule,
                new StepResult(OutcomeResult.Ineffective, $"held at {hold.Share:P0} it still obtains {now.Obtained:P0} of its SM use; this lever is not used on it for a day"), Now, desired, null, hold);
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

    private void RenewIfDue(Desired desired)
    {
        if (Memory.Run is not { Expires: { } expires } hold || desired.Limit == RunLimit.Free)
            return;
        var term = desired.Policy.Limits.MaxHold;
        var now = _tools.Time.GetUtcNow();
        if (expires - now > term / 2)
            return;
        try
        {
            _tools.Journal.Renew(hold.Id, now + term);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // In force all the same; tried again at the next tick.
            LogNotDone(_tools.Log, Name, hold.Id, e.Message);
            return;
        }
        Remember(m => m with { Run = hold with { Expires = now + term } });
    }

    private Hold NewHold(Step.Take step, Desired desired, ContainerNow container, Preparation prepared)
    {
        var now = _tools.Time.GetUtcNow();
        // The name is the one people see; Docker's own answer has only the container's.
        var id = container.Id with { Name = Name };
        var keepsVram = step.Lever is Lever.Share or Lever.Pause;
        return new Hold(id, step.Lever, step.Wanted.Rule, step.Limit.Share, null, null, now)
        {
            Undo = prepared.Undo, Previous = prepared.Previous, Reason = step.Wanted.Reason,
            Expires = keepsVram ? null : now + desired.Policy.Limits.MaxHold,
            BytesBefore = keepsVram ? null : desired.GpuBytes?.Bytes,
            GpuBefore = keepsVram ? null : desired.GpuBytes?.Gpu,
        };
    }

    private async Task DropAsync(Hold hold, Desired desired, string why, MonoTime began)
    {
        // Nothing of the dead life is left to write to; the freezer only forgets it.
        if (hold.Lever == Lever.Share)
            await _tools.Freezer.LetGoAsync(Actuators.FreezeActuator.PlaceOf(hold));
        End(hold, why);
        Tell(StepKind.Drop, hold.Lever, hold.Rule, StepResult.Drifted(why), began, desired, null, hold);
    }

    private void End(Hold hold, string why)
    {
        Volatile.Write(ref _started, 0);
        Remember(m => m with { Run = null, DoubtUntil = null, BackRest = default, LookRest = default });
        try
        {
            _tools.Journal.Done(hold.Id, why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Given back all the same; the next start looks at it once more and finds nothing to do.
            LogNotDone(_tools.Log, Name, hold.Id, e.Message);
        }
        _tools.Crash.Pass("journal.done");
    }

    private void Useless(Lever lever)
    {
        try
        {
            _tools.Budgets.FoundIneffective(Name, lever);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(_tools.Log, Name, lever, e.Message);
        }
    }

    private void Refuse(Lever lever, StepKind kind, Desired desired, RuleName rule, Reason? reason, StepResult result, MonoTime began)
    {
        Rest(lever);
        // A plan of a moment ago about a life that has just ended is no news.
        if (result.Result != OutcomeResult.Drifted)
            Tell(kind, lever, rule, result, began, desired, reason);
    }

    private void Tell(StepKind kind, Lever lever, RuleName rule, StepResult result, MonoTime began, Desired desired, Reason? reason, Hold? hold = null, double? share = null)
    {
        _tools.Outcomes.Add(new Outcome(0, _tools.Time.GetUtcNow(), hold?.Workload ?? desired.Seen?.Container.Id ?? new WorkloadId(Name, InstanceId, default), kind, lever, rule,
            result.Result, result.Evidence, Now - began)
        {
            Mode = desired.Mode, Share = share ?? (kind == StepKind.Take ? hold?.Share : null), Reason = reason, HoldId = hold?.Id ?? 0, PlanSeq = desired.PlanSeq,
            Waited = kind == StepKind.Take && result.Result == OutcomeResult.Done ? Now - desired.PlannedAt : TimeSpan.Zero,
        });
        if (result.Result is OutcomeResult.Done or OutcomeResult.DryRun or OutcomeResult.Drifted)
            LogStep(_tools.Log, Name, kind, lever, rule, result.Result, result.Evidence, reason?.Sentence() ?? "no longer wanted");
        else
            LogStepFailed(_tools.Log, Name, kind, lever, rule, result.Result, result.Evidence);
        if (result.CountsAsFailure)
            Broke(desired, $"{kind} {lever.Word()} {Name}: {result.Evidence}");
    }

    private void Broke(Desired? desired, string words)
    {
        if (_tools.Breaker.Failed(words, desired?.Policy.Limits.Breaker ?? new BreakerPolicy()))
            LogBreaker(_tools.Log, words);
    }

    private Desired Newest() => Volatile.Read(ref _desired)!;

    private void Signal() => _signal.Writer.TryWrite(true);

    private void Remember(Func<HandMemory, HandMemory> change) => Volatile.Write(ref _memory, change(_memory));

    private void Rest(params ReadOnlySpan<Lever> levers)
    {
        var rests = _memory.Rests.ToDictionary();
        foreach (var lever in levers)
        {
            var failures = rests.GetValueOrDefault(lever).Failures + 1;
            rests[lever] = (failures, Now + RestFor(failures));
        }
        Remember(m => m with { Rests = rests });
    }

    private static TimeSpan RestFor(int failures)
    {
        var rest = FirstRest * Math.Pow(2, Math.Min(failures - 1, 10));
        return rest < LongestRest ? rest : LongestRest;
    }

    [LoggerMessage(3001, LogLevel.Error, "The hand of {Workload} failed, which is a bug; it goes on with the next plan")]
    private static partial void LogFailed(ILogger log, string workload, Exception error);

    [LoggerMessage(3002, LogLevel.Warning, "{Workload}: hold {Hold} was given back, and the journal could not be told: {Error}")]
    private static partial void LogNotDone(ILogger log, string workload, long hold, string error);

    [LoggerMessage(3003, LogLevel.Critical, "The breaker is open: {Words}. Nothing new is held until a person has looked and runs `headroom holds reset-breaker`")]
    private static partial void LogBreaker(ILogger log, string words);

    [LoggerMessage(3005, LogLevel.Information, "{Workload}: {Step} {Lever} ({Rule}): {Result}, {Evidence}. Why: {Why}")]
    private static partial void LogStep(ILogger log, string workload, StepKind step, Lever lever, RuleName rule, OutcomeResult result, string evidence, string why);

    [LoggerMessage(3006, LogLevel.Warning, "{Workload}: {Step} {Lever} ({Rule}): {Result}, {Evidence}")]
    private static partial void LogStepFailed(ILogger log, string workload, StepKind step, Lever lever, RuleName rule, OutcomeResult result, string evidence);

    [LoggerMessage(3004, LogLevel.Warning, "{Workload}: that {Lever} does nothing could not be kept: {Error}")]
    private static partial void LogNotKept(ILogger log, string workload, Lever lever, string error);
}
