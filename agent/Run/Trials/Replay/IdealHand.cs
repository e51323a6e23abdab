using Headroom.Model;

namespace Headroom.Run.Trials.Replay;

/// <summary>Does at once and without fail what a plan wants, on paper: the state that a planner sees which was not in force when the ticks were recorded.</summary>
internal sealed class IdealHand
{
    // As Act keeps them.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <param name="before">What others had done when it began: it counts against budgets, and what is ineffective stays so.</param>
    public IdealHand(ActState before) => State = new ActState { Impulses = before.Impulses, Ineffective = before.Ineffective };

    public ActState State { get; private set; }

    public void Apply(Plan plan, DateTimeOffset wall)
    {
        var holds = new List<Hold>();
        foreach (var wanted in plan.Wanted.Where(w => w.Mode == Mode.Enforce))
        {
            if (wanted.Run is { Limit.State: not RunState.Free } run)
                holds.Add(Keep(new Hold(wanted.Workload, run.Limit.Lever, run.Rule, run.Limit.Share, null, null, wall)));
            foreach (var cap in wanted.Caps)
                holds.Add(Keep(new Hold(wanted.Workload, Lever.Cap, cap.Rule, 1, cap.Gpu, cap.Bytes, wall)));
        }
        foreach (var relation in plan.Yields.Where(y => y.Mode == Mode.Enforce))
            holds.Add(Keep(new Hold(relation.Batch, Lever.Gate, RuleName.Gate, relation.Floor, null, null, wall)));
        var done = State.Impulses.Where(i => wall - i.At < Kept).ToList();
        foreach (var impulse in plan.Impulses.Where(i => i.Mode == Mode.Enforce))
            if (!done.Exists(d => d.Workload == impulse.Workload.Name && d.Kind == impulse.Kind && d.Key == impulse.Key))
                done.Add(new ImpulseRecord(impulse.Workload.Name, impulse.Kind, impulse.Rule, impulse.Key, wall, null));
        State = State with { Holds = holds, Impulses = done };
    }

    /// <summary>The same lever is the same hold, whatever its value.</summary>
    private Hold Keep(Hold now) =>
        State.Holds.FirstOrDefault(h => h.Workload == now.Workload && h.Lever == now.Lever && h.Gpu == now.Gpu) is { } before
            ? now with { Since = before.Since }
            : now;
}
