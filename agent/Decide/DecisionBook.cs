using Headroom.Model;

namespace Headroom.Decide;

/// <summary>Collects the decisions of a tick and knows which of them are new.</summary>
internal sealed class DecisionBook(IReadOnlyDictionary<DecisionKey, MonoTime> before, MonoTime now)
{
    private readonly List<Decision> _all = [];
    private readonly Dictionary<DecisionKey, MonoTime> _standing = new(before.Count);

    public IReadOnlyList<Decision> All => _all;

    /// <summary>What stands after this tick, and since when.</summary>
    public IReadOnlyDictionary<DecisionKey, MonoTime> Standing => _standing;

    public void Add(RuleRemark remark, RuleName rule, Mode mode) => Add(remark.Verdict, rule, remark.Workload, remark.Gpu, remark.Lever, mode, remark.Reason);

    /// <summary>A milder limit than the last one gives back.</summary>
    public void Add(Wanted wanted, RunLimit last)
    {
        var name = wanted.Workload.Name;
        if (wanted.Run is { } run)
        {
            // Five points are one step: a share that grows slowly is no new decision each second.
            Add(run.Limit.CompareTo(last) < 0 ? Verdict.Release : Verdict.Move, run.Rule, name, null, run.Limit.Lever, wanted.Mode, run.Reason, Math.Round(run.Limit.Share * 20) / 20);
        }
        foreach (var cap in wanted.Caps)
            Add(Verdict.Move, cap.Rule, name, cap.Gpu, Lever.Cap, wanted.Mode, cap.Reason, cap.Bytes);
    }

    public void Add(Verdict verdict, RuleName rule, string? workload, int? gpu, Lever? lever, Mode mode, Reason reason, double limit = 0)
    {
        var key = new DecisionKey(rule, workload, gpu, lever, reason.Code, limit);
        var known = before.TryGetValue(key, out var since);
        if (!known)
            since = now;
        if (_standing.TryAdd(key, since))
            _all.Add(new Decision(verdict, rule, workload, gpu, lever, mode, reason, since, !known));
    }

    /// <summary>Something that happens and does not stand.</summary>
    public void Once(Verdict verdict, RuleName rule, string? workload, Lever lever, Mode mode, Reason reason) =>
        _all.Add(new Decision(verdict, rule, workload, null, lever, mode, reason, now, true));
}
