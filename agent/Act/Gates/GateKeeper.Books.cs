using Headroom.Act.Actuators;
using Headroom.Act.Freezing;
using Headroom.Model;
using Headroom.Model.Reasons;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Gates;

/// <summary>What is remembered, written down and told.</summary>
internal sealed partial class GateKeeper
{
    private void TakeReleases(PlanWish wish)
    {
        lock (_releasing)
        {
            foreach (var name in _releases)
                _leftToPeople.UnionWith(_held.Values.Select(h => h.Hold.Workload.Name).Where(n => name is null || n == name));
            _releases.Clear();
        }
        _leftToPeople.RemoveWhere(name => !_held.Values.Any(h => h.Hold.Workload.Name == name) && wish.IsSettled && !wish.OnlyKeep && !wish.Plan.Yields.Any(y => y.Batch.Name == name));
    }

    private void End(string id, string why)
    {
        var hold = _held[id].Hold;
        _held.Remove(id);
        try
        {
            tools.Journal.Done(hold.Id, why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Given back all the same; the next start looks at it once more and finds nothing to do.
            LogNotWritten(tools.Log, hold.Workload.Name, hold.Id, e.Message);
        }
        tools.Crash.Pass("journal.done");
    }

    private void Useless(string name)
    {
        try
        {
            tools.Budgets.FoundIneffective(name, Lever.Gate);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(tools.Log, name, e.Message);
        }
    }

    private bool MayTry(string id) => !_rests.TryGetValue(id, out var rest) || Now >= rest.NotBefore;

    private void Rest(string id)
    {
        var failures = _rests.GetValueOrDefault(id).Failures + 1;
        _rests[id] = (failures, Now + Backoff.After(failures, FirstRest, LongestRest));
    }

    private void Tell(StepKind kind, WorkloadId id, StepResult result, PlanWish wish, Reason? reason, Mode mode, Hold? hold = null)
    {
        tools.Outcomes.Add(new Outcome(0, tools.Time.GetUtcNow(), id, kind, Lever.Gate, RuleName.Gate, result.Result, result.Evidence, TimeSpan.Zero)
        {
            Mode = mode, Share = kind == StepKind.Take ? hold?.Share : null, Reason = reason, HoldId = hold?.Id ?? 0, PlanSeq = wish.Plan.Seq,
            Waited = kind == StepKind.Take && result.Result == OutcomeResult.Done ? Now - wish.Snapshot.Mono : TimeSpan.Zero,
        });
        if (result.Result is OutcomeResult.Done or OutcomeResult.DryRun or OutcomeResult.Drifted)
            LogStep(tools.Log, id.Name, kind, result.Result, result.Evidence, reason?.Sentence() ?? "no longer wanted");
        else
            LogStepFailed(tools.Log, id.Name, kind, result.Result, result.Evidence);
        if (result.CountsAsFailure)
            Broke(wish, $"{kind} gate {id.Name}: {result.Evidence}");
    }

    private void Broke(PlanWish wish, string words)
    {
        if (tools.Breaker.Failed(words, wish.Policy.Limits.Breaker))
            LogBreaker(tools.Log, words);
    }

    /// <summary>Of every container that may have a gate: what its gate does, or what it could be.</summary>
    private void Publish(PlanWish wish, Dictionary<string, WantedGate> wanted)
    {
        var gates = new List<GateState>();
        foreach (var workload in wish.Snapshot.Workloads)
        {
            var id = workload.Container.Id;
            if (!workload.Policy.Managed || workload.Policy.Yields != Yields.Gate || !workload.Container.Runs)
                continue;
            gates.Add(new GateState(id, _held.GetValueOrDefault(id.InstanceId)?.Via)
            {
                FreezerDrain = _drains.Of(id.InstanceId), LaunchDrain = _launchDrains.GetValueOrDefault(id.InstanceId), NoLaunch = places.WhyNoLaunch(workload.Container),
            });
        }
        Volatile.Write(ref _view, new GateView([.. _held.Values.Select(h => h.Hold).OrderBy(h => h.Id)], gates, [.. _leftToPeople]));
    }

    private static GateState WithMeter(GateState gate, IReadOnlyDictionary<string, FreezeMeter> meters)
    {
        var id = gate.Via == GateVia.Launch ? FreezeTarget.OfLaunches(gate.Workload.InstanceId, "", "").Id : gate.Workload.InstanceId;
        return gate.Via is null || meters.GetValueOrDefault(id)?.Gate is not { } meter ? gate : gate with
        {
            Closed = meter.Closed, Closures = meter.Closures, ClosedFor = meter.ClosedFor, OpenFor = meter.OpenFor, Starved = meter.Starved, Took = meter.Took, InFlightCap = meter.InFlightCap,
        };
    }

    [LoggerMessage(3701, LogLevel.Error, "The keeper of gates failed, which is a bug; it goes on with the next plan")]
    private static partial void LogFailed(ILogger log, Exception error);

    [LoggerMessage(3702, LogLevel.Information, "{Workload}: {Step} gate: {Result}, {Evidence}. Why: {Why}")]
    private static partial void LogStep(ILogger log, string workload, StepKind step, OutcomeResult result, string evidence, string why);

    [LoggerMessage(3703, LogLevel.Warning, "{Workload}: {Step} gate: {Result}, {Evidence}")]
    private static partial void LogStepFailed(ILogger log, string workload, StepKind step, OutcomeResult result, string evidence);

    [LoggerMessage(3704, LogLevel.Warning, "{Workload}: the journal could not be told of hold {Hold}: {Error}")]
    private static partial void LogNotWritten(ILogger log, string workload, long hold, string error);

    [LoggerMessage(3705, LogLevel.Warning, "{Workload}: that its gate does nothing could not be kept: {Error}")]
    private static partial void LogNotKept(ILogger log, string workload, string error);

    [LoggerMessage(3706, LogLevel.Critical, "The breaker is open: {Words}. Nothing new is held until a person has looked and runs `headroom holds reset-breaker`")]
    private static partial void LogBreaker(ILogger log, string words);

    [LoggerMessage(3707, LogLevel.Debug, "{Workload}: not all of its processes stand behind the gate: {Problem}")]
    private static partial void LogOutside(ILogger log, string workload, string problem);
}
