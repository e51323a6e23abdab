using Headroom.Decide.Windows;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>One workload and its window at one tick.</summary>
/// <param name="load">As the tick before left it.</param>
internal sealed class BatchWindowCase(RuleInput input, WorkloadSnapshot workload, WindowUse use, Window window, BatchWindowLoad load)
{
    /// <summary>Pressure must stay below this part of <see cref="Window.CloseAbovePressure"/> before the window counts as open again.</summary>
    public const double ReopenBelow = 0.8;
    /// <summary>And for this long: one scrape of a minute's histogram is no trend.</summary>
    public static readonly TimeSpan ReopenAfter = TimeSpan.FromSeconds(60);
    /// <summary>A neighbour idle between two requests is not idle; without this, batch would be paused and resumed at each.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly BatchWindowNeighbours _neighbours = new(input, workload);

    /// <summary>To be remembered.</summary>
    public BatchWindowLoad Load { get; private set; }

    public void Judge(List<Proposal> proposals, List<RuleRemark> remarks)
    {
        if (window.OpenAt(input.Wall) is not { } open)
            Outside(proposals, remarks);
        else if (ClosedByPressure() is { } reason)
        {
            if (!IsAway && Limit() is { State: not RunState.Free } limit)
                proposals.Add(Held(limit, reason, _neighbours.Worst?.Name));
        }
        else if (use.Start == WindowStart.OncePerWindow)
            Start(open, proposals, remarks);
    }

    private void Outside(List<Proposal> proposals, List<RuleRemark> remarks)
    {
        var opens = window.OpensAt(input.Wall);
        if (opens is null)
            remarks.Add(Remark(Verdict.Note, null, BatchWindowReasons.NeverOpens, ("years", ReasonValue.Count(WindowClock.HorizonYears))));
        if (IsAway)
            return;
        var until = ("opens", (ReasonValue)(opens is { } at ? window.Words(at) : "-"));
        if (use.Outside != OutsideWindow.AllowWhenIdle)
        {
            var limit = Limit();
            if (limit.State != RunState.Free)
                proposals.Add(Held(limit, limit.State switch
                {
                    RunState.Stopped => Tell(BatchWindowReasons.Stopped, until),
                    RunState.Share => Tell(BatchWindowReasons.Throttled, until, ("share", ReasonValue.Ratio(limit.Share))),
                    _ => Tell(BatchWindowReasons.Paused, until),
                }));
            return;
        }
        var busy = _neighbours.NotKnownIdle();
        Load = new BatchWindowLoad(null, busy is not null ? input.Now : load.BusyAt is { } last && input.Now - last < Quiet ? last : null);
        if (Load.BusyAt is null)
            remarks.Add(Remark(Verdict.Note, null, BatchWindowReasons.AllowedWhileIdle));
        else
            proposals.Add(Held(RunLimit.Paused, busy is null
                ? Tell(BatchWindowReasons.NotIdleLong, until, ("quiet", Quiet))
                : Tell(BatchWindowReasons.NotIdle, until, ("protected", busy.Name)), busy?.Name));
    }

    /// <returns>Why it counts as closed; null: it does not. Only what is known closes it; unknown as well as low pressure opens it again after a while.</returns>
    private Reason? ClosedByPressure()
    {
        if (window.CloseAbovePressure is not { } limit)
            return null;
        var reopen = limit * ReopenBelow;
        var worst = _neighbours.Worst;
        if (worst is { } high && (high.Pressure > limit || load.HighAt is not null && high.Pressure > reopen))
        {
            Load = new BatchWindowLoad(input.Now, null);
            return Tell(BatchWindowReasons.ClosedByPressure, ("protected", high.Name), ("pressure", ReasonValue.Ratio(high.Pressure)),
                ("limit", ReasonValue.Ratio(limit)), ("reopen", ReasonValue.Ratio(reopen)), ("wait", ReopenAfter));
        }
        if (load.HighAt is not { } last || input.Now - last >= ReopenAfter)
            return null;
        Load = new BatchWindowLoad(last, null);
        return Tell(BatchWindowReasons.StillClosedByPressure, ("limit", ReasonValue.Ratio(limit)), ("reopen", ReasonValue.Ratio(reopen)), ("wait", ReopenAfter));
    }

    private void Start(Occurrence open, List<Proposal> proposals, List<RuleRemark> remarks)
    {
        // What Headroom stopped, Act starts again because nobody wants it stopped any more.
        if (workload.Container.State is not (ContainerState.Exited or ContainerState.Created) || IsStoppedByUs)
            return;
        var closes = ("closes", (ReasonValue)window.Words(open.End));
        if (!WasStartedIn(open))
            proposals.Add(new ImpulseProposal(RuleName.BatchWindow, workload.Container.Id, Tell(BatchWindowReasons.Started, closes), ImpulseKind.Start, open.Key));
        else
            remarks.Add(workload.Container switch
            {
                { State: ContainerState.Exited, ExitCode: 0 } => Remark(Verdict.Note, Lever.Start, BatchWindowReasons.Done, closes),
                { State: ContainerState.Exited, ExitCode: { } exit } =>
                    Remark(Verdict.Refuse, Lever.Start, BatchWindowReasons.Failed, closes, ("exit", ReasonValue.Count(exit))),
                _ => Remark(Verdict.Refuse, Lever.Start, BatchWindowReasons.StartedAlready, closes),
            });
    }

    // By an impulse of ours, or by anybody else: a person, Docker, Act when it gave back a stop.
    private bool WasStartedIn(Occurrence open) =>
        workload.Container.Id.StartedAt >= open.Start && workload.Container.Id.StartedAt < open.End
        || input.Snapshot.Act.Impulses.Any(i => i.Workload == workload.Name && i.Kind == ImpulseKind.Start && i.Key == open.Key);

    /// <summary>It does not run, and not because of Headroom: nothing is to be wanted of it. A stop of ours must be wanted on: given up, it would be undone.</summary>
    private bool IsAway =>
        workload.Container.State is ContainerState.Created or ContainerState.Exited or ContainerState.Dead or ContainerState.Removing && !IsStoppedByUs;

    private bool IsStoppedByUs => input.Snapshot.Act.Holds.Any(h => h.Lever == Lever.Stop && h.Workload.Name == workload.Name);

    private RunLimit Limit() => use.Outside switch
    {
        OutsideWindow.Stop => RunLimit.Stopped,
        OutsideWindow.Throttle => RunLimit.AtShare(workload.Policy.Floor),
        _ => RunLimit.Paused,
    };

    private RunProposal Held(RunLimit limit, Reason reason, string? forWhom = null) => new(RuleName.BatchWindow, workload.Container.Id, reason, limit, forWhom);

    private RuleRemark Remark(Verdict verdict, Lever? lever, ReasonCode code, params ReadOnlySpan<(string, ReasonValue)> values) =>
        new(verdict, workload.Name, null, lever, Tell(code, values));

    private Reason Tell(ReasonCode code, params ReadOnlySpan<(string, ReasonValue)> values) =>
        code.With([("workload", workload.Name), ("window", window.Name), .. values]);
}
