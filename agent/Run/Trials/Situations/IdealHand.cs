using Headroom.Model;

namespace Headroom.Run.Trials.Situations;

/// <summary>Does at once, and without failing, what a plan may do; and gives back what it no longer wants.</summary>
internal sealed class IdealHand(Situation situation)
{
    public ActState State { get; private set; } = ActState.Nothing;

    public void Obey(Plan plan)
    {
        var holds = new List<Hold>();
        foreach (var workload in situation.Workloads)
            holds.AddRange(Hold(workload, plan));
        var impulses = plan.Impulses.Where(impulse => impulse.Mode == Mode.Enforce).ToList();
        foreach (var impulse in impulses)
            if (situation.Workloads.FirstOrDefault(w => w.Id == impulse.Workload) is { } workload && (impulse.Kind == ImpulseKind.Restart || !workload.Container.Runs))
                workload.Start(situation.Wall);
        State = State with
        {
            Holds = holds,
            Impulses = [.. State.Impulses, .. impulses.Select(i => new ImpulseRecord(i.Workload.Name, i.Kind, i.Rule, i.Key, situation.Wall, null))],
        };
    }

    private IEnumerable<Hold> Hold(SituationWorkload workload, Plan plan)
    {
        var id = workload.Id;
        var wanted = plan.Wanted.FirstOrDefault(w => w.Workload == id && w.Mode == Mode.Enforce);
        var limit = wanted?.Run?.Limit ?? RunLimit.Free;
        var stopped = State.Holds.Any(hold => hold.Workload == id && hold.Lever == Lever.Stop);
        if (stopped && limit.State != RunState.Stopped)
        {
            // What else is wanted of the new life comes with the next plan, which knows it.
            workload.Start(situation.Wall);
            yield break;
        }
        // What others stopped is not ours.
        if (!workload.Container.Runs && !stopped)
            yield break;
        workload.Limit(limit);
        if (limit.State != RunState.Free)
            yield return Since(new Hold(id, limit.Lever, wanted!.Run!.Rule, limit.Share, null, null, situation.Wall));
        foreach (var cap in wanted?.Caps ?? [])
            yield return Since(new Hold(id, Lever.Cap, cap.Rule, 1, cap.Gpu, cap.Bytes, situation.Wall));
        foreach (var relation in plan.Yields)
            if (relation.Batch == id && relation.Mode == Mode.Enforce)
                yield return Since(new Hold(id, Lever.Gate, RuleName.Gate, relation.Floor, relation.Gpu, null, situation.Wall));
    }

    private Hold Since(Hold hold) =>
        State.Holds.FirstOrDefault(h => h.Workload == hold.Workload && h.Lever == hold.Lever && h.Gpu == hold.Gpu) is { } before ? hold with { Since = before.Since } : hold;
}
