using Headroom.Cli.Status;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>One container as the table shows it.</summary>
/// <param name="Bytes">VRAM over all GPUs; null when no GPU tells.</param>
/// <param name="CapBytes">In force, else as written; null: none.</param>
/// <param name="Sm">Sum over all GPUs; null when not known.</param>
/// <param name="Holds">Of this life of it.</param>
/// <param name="Gate">Null: it has none.</param>
/// <param name="Wanted">What the plan wants of its run and is not in force (below enforce, or not yet); null: nothing.</param>
/// <param name="Held">For how long its run has been held; null: it is not. Caps do not count.</param>
/// <param name="Left">Until then what is held ends by itself; null: not known.</param>
/// <param name="Why">Null: there is nothing to say.</param>
internal sealed record TopRow(
    WorkloadSnapshot Workload, long? Bytes, int Hidden, long? CapBytes, double? Sm, IReadOnlyList<Hold> Holds, GateState? Gate, PlanChange? Wanted, TimeSpan? Held, TimeSpan? Left, Reason? Why)
{
    /// <summary>What a selection sticks to.</summary>
    public string Key => Workload.Container.Id.InstanceId;
    public string Name => Workload.Name;
    /// <summary>Observed / target of the worst SLO; null when not known.</summary>
    public double? Pressure => Workload.Pressure.Known();
    /// <summary>What it may run at most, strictest first; null: nothing of its run is held.</summary>
    public Hold? Run => Holds.Where(h => h.Lever != Lever.Cap).MaxBy(h => h.Lever);

    public static TopRow Of(WorkloadSnapshot workload, NodeView view)
    {
        var (snapshot, id) = (view.Snapshot, workload.Container.Id);
        var use = WorkloadUse.Of(workload, snapshot);
        var holds = snapshot.Act.Holds.Where(h => h.Workload.IsSameLife(id)).ToList();
        var caps = holds.Where(h => h.Lever == Lever.Cap).Select(h => h.CapBytes).OfType<long>().ToList();
        var wanted = view.Plan is { } plan
            ? PlanChange.Of(plan, snapshot.Act).FirstOrDefault(c => c.Workload == workload.Name && c is { Kind: PlanChangeKind.Take, Lever: not Lever.Cap })
            : null;
        var oldest = holds.Where(h => h.Lever != Lever.Cap).MinBy(h => h.Since);
        return new TopRow(
            workload, use.Bytes, use.Hidden, caps.Count > 0 ? caps.Sum() : workload.Policy.CapBytes, use.Sm, holds,
            snapshot.Act.Gates.FirstOrDefault(g => g.Via is not null && g.Workload.IsSameLife(id)), wanted,
            oldest is null ? null : snapshot.WallAt - oldest.Since, oldest is null ? null : LeftOf(oldest, snapshot.WallAt), WhyOf(workload.Name, holds, wanted, view.Plan));
    }

    private static TimeSpan? LeftOf(Hold hold, DateTimeOffset now) =>
        hold.Expires is { } end && end > now ? end - now
        : hold.Reason?.Values.TryGetValue("left", out var left) == true && left.Unit == ReasonUnit.Seconds ? TimeSpan.FromSeconds(left.Number)
        : null;

    /// <summary>Of what is in force, else of what is wanted, else of what was decided last about it.</summary>
    private static Reason? WhyOf(string name, List<Hold> holds, PlanChange? wanted, Plan? plan) =>
        plan?.Wanted.FirstOrDefault(w => w.Workload.Name == name)?.Run?.Reason
        ?? wanted?.Reason
        ?? plan?.Yields.FirstOrDefault(y => y.Batch.Name == name)?.Reason
        ?? holds.OrderByDescending(h => h.Lever != Lever.Cap).Select(h => h.Reason).OfType<Reason>().FirstOrDefault()
        ?? plan?.Decisions.Where(d => d.Workload == name).OrderBy(d => d.Verdict).ThenByDescending(d => d.Since).FirstOrDefault()?.Reason;
}
