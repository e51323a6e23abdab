using Headroom.Act.Actuators;
using Headroom.Model;
using Headroom.Model.Reasons;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Hands;

/// <summary>What is remembered, written down and told.</summary>
internal sealed partial class ContainerHand
{
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

    private void Remember(Func<HandMemory, HandMemory> change) => Volatile.Write(ref _memory, change(_memory));

    private void MarkTold(string what) => Remember(m => m with { Told = [.. m.Told, what] });

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

    private static TimeSpan RestFor(int failures) => Backoff.After(failures, FirstRest, LongestRest);

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
