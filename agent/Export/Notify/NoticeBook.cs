using Headroom.Model;

namespace Headroom.Export.Notify;

/// <summary>A tick and the steps that ended since the one before -> what people are told of it. What only the next look at the page would change (a cap that moves, a step that was not allowed) is left to metrics.</summary>
internal sealed class NoticeBook
{
    private string? _breaker;
    private string _problems = "";
    private HashSet<(string Workload, Lever Lever)> _stuck = [];

    public IReadOnlyList<Notice> Of(NodeView view, IReadOnlyList<Outcome> outcomes)
    {
        var now = view.Snapshot.WallAt;
        var notices = new List<Notice>();
        foreach (var outcome in outcomes)
            if (Of(outcome) is { } notice)
                notices.Add(notice);

        var act = view.Snapshot.Act;
        foreach (var hold in act.Holds)
            if (hold.Stuck is { } why && !_stuck.Contains((hold.Workload.Name, hold.Lever)))
                notices.Add(new Notice(NoticeKind.Stuck, now, hold.Workload.Name, hold.Lever, Evidence: why));
        _stuck = [.. act.Holds.Where(h => h.Stuck is not null).Select(h => (h.Workload.Name, h.Lever))];

        if (act.Breaker is not null != (_breaker is not null))
            notices.Add(new Notice(act.Breaker is null ? NoticeKind.BreakerReset : NoticeKind.BreakerOpened, now, Evidence: act.Breaker));
        _breaker = act.Breaker;

        var problems = string.Join('\n', view.Policy.Problems);
        if (problems != _problems)
            notices.Add(problems.Length > 0
                ? new Notice(NoticeKind.PolicyRefused, now, Evidence: view.Policy.Problems[0] + (view.Policy.Problems.Count > 1 ? $" (+{view.Policy.Problems.Count - 1})" : ""))
                : new Notice(NoticeKind.PolicyTaken, now));
        _problems = problems;
        return notices;
    }

    private static Notice? Of(Outcome outcome)
    {
        if (outcome.Mode != Mode.Enforce)
            return null;
        NoticeKind? kind = (outcome.Step, outcome.Result) switch
        {
            (_, OutcomeResult.Failed or OutcomeResult.Unknown or OutcomeResult.Unverified or OutcomeResult.Ineffective) => NoticeKind.Failed,
            (_, not OutcomeResult.Done) => null,
            // Caps move with every need: the dashboards show them.
            (StepKind.Take or StepKind.GiveBack, _) when outcome.Lever == Lever.Cap => null,
            (StepKind.Take, _) => NoticeKind.Held,
            (StepKind.GiveBack, _) => NoticeKind.GivenBack,
            (StepKind.Impulse, _) => NoticeKind.Done,
            _ => null,
        };
        return kind is { } told
            ? new Notice(told, outcome.At, outcome.Workload.Name, outcome.Lever, outcome.Reason, told == NoticeKind.Failed ? outcome.Evidence : null)
            : null;
    }
}
