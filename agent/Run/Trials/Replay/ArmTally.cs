using Headroom.Decide;
using Headroom.Model;

namespace Headroom.Run.Trials.Replay;

/// <summary>Adds up what a policy decided, tick by tick. Holds sums only, however long it goes on.</summary>
internal sealed class ArmTally
{
    private readonly List<string> _policies = [];
    private readonly SortedDictionary<RuleName, RuleActions> _actions = [];
    private readonly SortedDictionary<string, WorkloadTally> _workloads = new(StringComparer.Ordinal);
    private double _seconds;

    /// <param name="span">Since the tick before.</param>
    /// <param name="other">The policy to compare with: what it wants kept is judged too, else two policies with different SLOs could not be compared.</param>
    public void Add(NodeSnapshot snapshot, Plan plan, TimeSpan span, Reclassification? other)
    {
        _seconds += span.TotalSeconds;
        if (!_policies.Contains(plan.PolicyHash))
            _policies.Add(plan.PolicyHash);
        foreach (var decision in plan.Decisions.Where(d => d.IsNew))
            _actions[decision.Rule] = Count(_actions.GetValueOrDefault(decision.Rule) ?? new RuleActions(decision.Rule, 0, 0, 0), decision.Verdict);
        var window = snapshot.Mono.SinceOrigin.Ticks / ServingOutcome.Window.Ticks;
        foreach (var workload in snapshot.Workloads)
        {
            if (!_workloads.TryGetValue(workload.Name, out var tally))
                _workloads[workload.Name] = tally = new WorkloadTally();
            tally.Add(workload, [.. workload.Slos, .. Others(workload, other, snapshot.Mono)], Limits(workload.Container.Id, snapshot.Mode, plan), window, span);
        }
    }

    /// <param name="simulated">What the simulator knows of a workload, by name.</param>
    public ReplayArm Result(Func<ReplayedWorkload, ReplayedWorkload>? simulated = null) => new(
        _policies, _seconds, [.. _actions.Values], [.. _workloads.Select(w => w.Value.Result(w.Key)).Select(simulated ?? (workload => workload))]);

    private static RuleActions Count(RuleActions actions, Verdict verdict) => verdict switch
    {
        Verdict.Move => actions with { Moves = actions.Moves + 1 },
        Verdict.Release => actions with { Releases = actions.Releases + 1 },
        Verdict.Refuse => actions with { Refusals = actions.Refusals + 1 },
        _ => actions,
    };

    private static IReadOnlyList<SloReading> Others(WorkloadSnapshot workload, Reclassification? other, MonoTime now) =>
        other?.SlosOf(workload.Container).Except(workload.Policy.Slos).ToList() is { Count: > 0 } slos ? SloEvaluator.Evaluate(workload.Latency, slos, now).Slos : [];

    // What is wanted counts in every mode of the node, else a policy in mode observe could not be tried; but not what is only told because of the
    // workload's own, lower mode.
    private static (bool Held, bool Still, bool Gated, bool Capped) Limits(WorkloadId id, Mode mode, Plan plan)
    {
        var wanted = plan.Wanted.FirstOrDefault(w => w.Workload == id && w.Mode >= mode);
        var run = wanted?.Run?.Limit.State ?? RunState.Free;
        return (run > RunState.Free, run >= RunState.Paused, plan.Yields.Any(y => y.Batch == id && y.Mode >= mode), wanted is { Caps.Count: > 0 });
    }

    private sealed class WorkloadTally
    {
        private readonly List<SloTally> _slos = [];
        private Priority _priority;
        private double _seen, _held, _still, _gated, _capped;

        public void Add(
            WorkloadSnapshot workload, IReadOnlyList<SloReading> slos, (bool Held, bool Still, bool Gated, bool Capped) limits, long window, TimeSpan span)
        {
            var seconds = span.TotalSeconds;
            _priority = workload.Policy.Priority;
            _seen += seconds;
            _held += limits.Held ? seconds : 0;
            _still += limits.Still ? seconds : 0;
            _gated += limits.Gated ? seconds : 0;
            _capped += limits.Capped ? seconds : 0;
            foreach (var reading in slos)
            {
                var tally = _slos.Find(known => known.Slo == reading.Slo);
                if (tally is null)
                    _slos.Add(tally = new SloTally(reading.Slo));
                tally.Add(reading.Pressure, window, span);
            }
        }

        public ReplayedWorkload Result(string name) => new()
        {
            Name = name, Priority = _priority, SeenSeconds = _seen, HeldSeconds = _held, StillSeconds = _still, GatedSeconds = _gated,
            CappedSeconds = _capped, Slos = [.. _slos.Select(slo => slo.Result())],
        };
    }
}
