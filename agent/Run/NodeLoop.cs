using Headroom.Decide;
using Headroom.Model;
using Headroom.Run.Alerts;
using Microsoft.Extensions.Logging;

namespace Headroom.Run;

/// <summary>The tick: takes the latest of every source, puts one snapshot together, decides, hands the plan on and publishes one view. Awaits no I/O;
/// a source that hangs delays nothing here.</summary>
/// <param name="self">Its mode is the most that the agent may do; the policy may say less.</param>
/// <param name="due">Rules to be judged at this tick.</param>
/// <param name="commands">What people and alerts asked for since the last tick.</param>
/// <param name="reconciler">Carries the plan out; null: plans are told, nothing is done.</param>
/// <param name="record">Sees each tick after it was published; must not block.</param>
/// <param name="received">Alerts received since start; null where nothing takes any.</param>
/// <param name="notified">What people were told since start; null where nobody is.</param>
internal sealed partial class NodeLoop(
    NodeSources sources, SnapshotAssembly assembly, Func<PolicyInForce> policy, SelfStatus self, TimeSpan interval,
    Func<IReadOnlyCollection<RuleName>> due, Func<IReadOnlyList<AgentCommand>> commands, IReconciler? reconciler, Action<FinishedTick>? record, TimeProvider time, ILogger<NodeLoop> log,
    Func<AlertCounts>? received = null, Func<IReadOnlyList<NotifyCounts>>? notified = null)
{
    private readonly DecisionTally _tally = new();
    private readonly OutcomeTally _outcomes = new();
    private readonly AlertBook _alerts = new();
    private PlannerMemory _memory = PlannerMemory.Empty;
    private NodeView? _view;
    private long _seq;
    private long _failures;
    private TimeSpan _lastTick;

    /// <summary>The newest view; null before the first tick.</summary>
    public NodeView? View => Volatile.Read(ref _view);

    /// <summary>The newest view, unless it is too old to pass for current: the loop hangs or every tick fails.</summary>
    public NodeView? CurrentView => View is { } view && time.Mono() - view.Snapshot.Mono <= MaxAge ? view : null;

    private TimeSpan MaxAge => interval * 3 > TimeSpan.FromSeconds(5) ? interval * 3 : TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            do
                TickGuarded();
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
    }

    public NodeView Tick()
    {
        var now = time.Mono();
        var (current, status) = policy();
        foreach (var command in commands())
            if (command.IsAlert)
                _alerts.Apply(command, now, current);
            else
                reconciler?.Obey(command);
        var outcomes = reconciler?.TakeOutcomes() ?? [];
        _outcomes.Add(outcomes);
        var act = reconciler?.State;
        var snapshot = assembly.Assemble(
            ++_seq, time.GetUtcNow(), now, sources.Gpus.Latest, sources.Workloads.Latest, sources.Latency.Latest, current,
            self.Mode.AtMost(act is null || act.Limited is not null ? Mode.Recommend : null), sources.Activity?.Latest, act, _alerts.Firing(now, current), sources.Ledger?.Latest);
        sources.Latency.Watch(SnapshotAssembly.WatchList(snapshot, current));
        sources.Activity?.Watch(ActivityTargets.Of(snapshot, current));
        var judge = due();
        var began = time.Mono();
        var (plan, memory) = Planner.Decide(snapshot, current, _memory, judge);
        _memory = memory;
        var took = time.Mono() - began;
        reconciler?.Apply(plan, snapshot, current);
        var view = new NodeView(snapshot, status, self with { Mode = snapshot.Mode, LastTick = _lastTick, FailedTicks = _failures })
        {
            Plan = plan,
            Decided = _tally.Add(plan),
            PlanTook = took,
            RecentOutcomes = _outcomes.Recent,
            Done = _outcomes.Counts,
            Alerts = received?.Invoke(),
            Notified = notified?.Invoke() ?? [],
        };
        Volatile.Write(ref _view, view);
        record?.Invoke(new FinishedTick(view, plan.Due, current, outcomes));
        _lastTick = time.Mono() - now;
        return view;
    }

    // An error here is a bug; the next tick starts from fresh readings, so going on is safe, and staying silent would not be.
    private void TickGuarded()
    {
        try
        {
            Tick();
        }
        catch (Exception e)
        {
            _failures++;
            LogTickFailed(log, _seq, e);
            // What is shown stays, but says so.
            if (View is { } view)
                Volatile.Write(ref _view, view with { Self = view.Self with { FailedTicks = _failures } });
        }
    }

    [LoggerMessage(1001, LogLevel.Error, "Tick {Seq} failed; the view of the tick before stays")]
    private static partial void LogTickFailed(ILogger log, long seq, Exception error);
}

/// <summary>One tick as it is recorded.</summary>
/// <param name="Outcomes">Steps that ended since the tick before.</param>
internal sealed record FinishedTick(NodeView View, IReadOnlyList<RuleName> Due, Policy Policy, IReadOnlyList<Outcome> Outcomes);
