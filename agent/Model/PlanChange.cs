namespace Headroom.Model;

internal enum PlanChangeKind
{
    /// <summary>Wanted and not yet in force.</summary>
    Take,
    /// <summary>In force and no longer wanted.</summary>
    GiveBack,
    /// <summary>Wanted and in force.</summary>
    InForce,
}

/// <summary>One line of the difference between what is wanted and what is held.</summary>
/// <param name="Share">Share of time, where the lever is one of running; else null.</param>
/// <param name="Gpu">Of a cap; else null.</param>
/// <param name="CapBytes">Of a cap; else null.</param>
/// <param name="Reason">Null for what is given back: nothing wants it any more.</param>
internal sealed record PlanChange(
    PlanChangeKind Kind, string Workload, Lever Lever, double? Share, int? Gpu, long? CapBytes, Mode Mode, RuleName Rule, Reason? Reason)
{
    /// <summary>A share moves all the time; so near is the same.</summary>
    private const double SameShare = 0.01;

    /// <summary>All lines, sorted by workload.</summary>
    public static IReadOnlyList<PlanChange> Of(Plan plan, ActState act)
    {
        var changes = new List<PlanChange>();
        var kept = new HashSet<Hold>();
        foreach (var wanted in plan.Wanted)
        {
            if (wanted.Run is { } run)
            {
                var lever = run.Limit.Lever;
                var hold = act.Holds.FirstOrDefault(h => h.Workload.IsSameLife(wanted.Workload) && h.Lever == lever && Math.Abs(h.Share - run.Limit.Share) <= SameShare);
                changes.Add(new(KindOf(hold, kept), wanted.Workload.Name, lever, run.Limit.Share, null, null, wanted.Mode, run.Rule, run.Reason));
            }
            foreach (var cap in wanted.Caps)
            {
                var hold = act.Holds.FirstOrDefault(h => h.Workload.IsSameLife(wanted.Workload) && h.Lever == Lever.Cap && h.Gpu == cap.Gpu && h.CapBytes == cap.Bytes);
                changes.Add(new(KindOf(hold, kept), wanted.Workload.Name, Lever.Cap, null, cap.Gpu, cap.Bytes, wanted.Mode, cap.Rule, cap.Reason));
            }
        }
        foreach (var relation in plan.Yields)
        {
            var hold = act.Holds.FirstOrDefault(h => h.Workload.IsSameLife(relation.Batch) && h.Lever == Lever.Gate);
            changes.Add(new(KindOf(hold, kept), relation.Batch.Name, Lever.Gate, null, relation.Gpu, null, relation.Mode, RuleName.Gate, relation.Reason));
        }
        foreach (var impulse in plan.Impulses)
            changes.Add(new(PlanChangeKind.Take, impulse.Workload.Name, impulse.Lever, null, null, null, impulse.Mode, impulse.Rule, impulse.Reason));
        foreach (var hold in act.Holds)
            if (!kept.Contains(hold) && !changes.Exists(c => c.Workload == hold.Workload.Name && c.Lever == hold.Lever && c.Gpu == hold.Gpu))
                changes.Add(new(PlanChangeKind.GiveBack, hold.Workload.Name, hold.Lever, null, hold.Gpu, hold.CapBytes, Mode.Enforce, hold.Rule, null));
        return [.. changes.OrderBy(c => c.Workload, StringComparer.Ordinal).ThenBy(c => c.Lever)];
    }

    private static PlanChangeKind KindOf(Hold? hold, HashSet<Hold> kept)
    {
        if (hold is null)
            return PlanChangeKind.Take;
        kept.Add(hold);
        return PlanChangeKind.InForce;
    }
}
