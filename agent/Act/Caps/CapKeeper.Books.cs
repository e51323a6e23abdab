using Headroom.Act.Actuators;
using Headroom.Model;
using Headroom.Model.Reasons;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Caps;

/// <summary>What is remembered, written down and told.</summary>
internal sealed partial class CapKeeper
{
    private bool Failed((string, int) key, Hold? hold, CapStep.Set set, CapAnswer answer, PlanWish wish)
    {
        Rest(key);
        if (hold is not null && answer.Result == CapResult.Gone)
            return Drop(hold, answer.Evidence, wish);
        if (hold is not null)
        {
            _holds[key] = hold with { Stuck = answer.Evidence };
            _inDoubt.Add(key);
        }
        Tell(StepKind.Take, set.Workload.Container.Id, set.Cap.Rule, StepResult.Failed(answer.Evidence), wish, set.Cap.Reason, set.Mode, hold);
        return false;
    }

    private bool Drop(Hold hold, string why, PlanWish wish)
    {
        End(hold, why);
        Tell(StepKind.Drop, hold.Workload, hold.Rule, StepResult.Drifted(why), wish, null, Mode.Enforce, hold);
        return true;
    }

    private void End(Hold hold, string why)
    {
        var key = (hold.Workload.InstanceId, hold.Gpu!.Value);
        _holds.Remove(key);
        _rests.Remove(key);
        _inDoubt.Remove(key);
        Write(() => tools.Journal.Done(hold.Id, why), hold);
        tools.Crash.Pass("journal.done");
    }

    private bool MayTry(CapStep step) => !_rests.TryGetValue(step switch
    {
        CapStep.Set set => (set.Workload.Container.Id.InstanceId, set.Gpu),
        CapStep.GiveBack back => (back.Hold.Workload.InstanceId, back.Gpu),
        _ => default,
    }, out var rest) || Now >= rest.NotBefore;

    private void Rest((string, int) key)
    {
        var failures = _rests.GetValueOrDefault(key).Failures + 1;
        _rests[key] = (failures, Now + Backoff.After(failures, FirstRest, LongestRest));
    }

    private void Write(Action write, Hold hold)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(tools.Log, hold.Workload.Name, hold.Id, e.Message);
        }
    }

    private void Tell(StepKind kind, WorkloadId id, RuleName rule, StepResult result, PlanWish wish, Reason? reason, Mode mode, Hold? hold = null)
    {
        tools.Outcomes.Add(new Outcome(0, tools.Time.GetUtcNow(), id, kind, Lever.Cap, rule, result.Result, result.Evidence, TimeSpan.Zero)
        {
            Mode = mode, Reason = reason, HoldId = hold?.Id ?? 0, PlanSeq = wish.Plan.Seq,
            Waited = kind == StepKind.Take && result.Result == OutcomeResult.Done ? Now - wish.Snapshot.Mono : TimeSpan.Zero,
        });
        LogStep(tools.Log, id.Name, kind, rule, result.Result, result.Evidence, reason?.Sentence() ?? "no longer wanted");
        if (result.CountsAsFailure)
            Broke(wish, $"{kind} cap {id.Name}: {result.Evidence}");
    }

    private void Broke(PlanWish wish, string words)
    {
        if (tools.Breaker.Failed(words, wish.Policy.Limits.Breaker))
            LogBreaker(tools.Log, words);
    }

    private void Publish(IReadOnlyList<CapReach> reaches) => Volatile.Write(ref _view, new CapView([.. _holds.Values.OrderBy(h => h.Id)], reaches, [.. _leftToPeople]));

    [LoggerMessage(3601, LogLevel.Error, "The keeper of caps failed, which is a bug; it goes on with the next plan")]
    private static partial void LogFailed(ILogger log, Exception error);

    [LoggerMessage(3602, LogLevel.Information, "{Workload}: {Step} cap ({Rule}): {Result}, {Evidence}. Why: {Why}")]
    private static partial void LogStep(ILogger log, string workload, StepKind step, RuleName rule, OutcomeResult result, string evidence, string why);

    [LoggerMessage(3603, LogLevel.Information, "{Workload}: cap on GPU {Gpu} moved from {Before} to {Now} MiB. Why: {Why}")]
    private static partial void LogMoved(ILogger log, string workload, int gpu, long before, long now, string why);

    [LoggerMessage(3604, LogLevel.Warning, "{Workload}: its page said {Found} MiB on GPU {Gpu}, which nobody but its own processes can have written; set anew: {Evidence}")]
    private static partial void LogSetAnew(ILogger log, string workload, int gpu, long? found, string evidence);

    [LoggerMessage(3605, LogLevel.Warning, "{Workload}: the journal could not be told of hold {Hold}: {Error}")]
    private static partial void LogNotWritten(ILogger log, string workload, long hold, string error);

    [LoggerMessage(3606, LogLevel.Critical, "The breaker is open: {Words}. Nothing new is held until a person has looked and runs `headroom holds reset-breaker`")]
    private static partial void LogBreaker(ILogger log, string words);
}
