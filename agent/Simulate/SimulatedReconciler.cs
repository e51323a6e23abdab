using Headroom.Act.Freezing;
using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>Makes a plan true in the simulated world, at once and without failing. Touches only what the plan names in mode enforce and what it holds itself;
/// a hold is of one life of a container and ends with it.</summary>
internal sealed class SimulatedReconciler(SimulatedNode node) : IReconciler
{
    // Under the node's lock; by workload name.
    private readonly Dictionary<string, Held> _held = [];
    private readonly ImpulseLedger _impulses = new();
    private readonly HashSet<string> _gated = [];
    private readonly HashSet<string> _leftToPeople = [];
    private readonly List<Outcome> _outcomes = [];
    private ActState _state = ActState.Nothing;
    private long _steps;

    public ActState State => Volatile.Read(ref _state);

    void IReconciler.Apply(Plan plan, NodeSnapshot snapshot, Policy policy) => Apply(plan);

    public void Obey(AgentCommand command)
    {
        if (command is AgentCommand.Release release)
            node.Look((_, _) =>
            {
                _leftToPeople.UnionWith(_held.Keys.Where(name => release.Workload is null || name == release.Workload));
                return true;
            });
    }

    public IReadOnlyList<Outcome> TakeOutcomes() => node.Look((_, _) =>
    {
        Outcome[] taken = [.. _outcomes];
        _outcomes.Clear();
        return taken;
    });

    public void Apply(Plan plan) => node.Look((world, now) =>
    {
        var wall = node.HostWall(now.Elapsed);
        _leftToPeople.RemoveWhere(name => plan.Wanted.All(wanted => wanted.Workload.Name != name));
        if (_leftToPeople.Count > 0)
            plan = plan with { Wanted = [.. plan.Wanted.Where(wanted => !_leftToPeople.Contains(wanted.Workload.Name))] };
        foreach (var workload in world.Workloads)
            Reconcile(world, workload, plan, wall);
        foreach (var impulse in plan.Impulses)
            if (impulse.Mode == Mode.Enforce && world.Workloads.FirstOrDefault(w => node.IdOf(w) == impulse.Workload) is { } workload)
                _impulses.Do(impulse, world, workload, wall);
        _impulses.Judge(world, wall);
        var state = new ActState
        {
            Holds = [.. _held.Values.SelectMany(held => held.All)], Impulses = _impulses.Records, LeftToPeople = [.. _leftToPeople.Order(StringComparer.Ordinal)],
            Gates = [.. world.Workloads.Where(w => w.Alive && _gated.Contains(w.Name)).Select(GateOf)],
        };
        Tell(_state, state, plan, wall);
        Volatile.Write(ref _state, state);
        return true;
    });

    /// <summary>The drain is known once there was a gate; nothing in the simulated containers holds launches back.</summary>
    private GateState GateOf(SimulatedWorkload workload) => new(node.IdOf(workload), workload.Gate is null ? null : GateVia.Freezer)
    {
        Closed = !workload.GateOpen, FreezerDrain = workload.Spec.DrainTime, NoLaunch = "it does not carry the preload library (`headroom inject` makes it)",
    };

    /// <summary>What changed, as the steps that a real hand would tell of.</summary>
    private void Tell(ActState before, ActState now, Plan plan, DateTimeOffset wall)
    {
        foreach (var hold in now.Holds)
            if (!before.Holds.Any(other => other.Lever == hold.Lever && other.Since == hold.Since && other.Workload.IsSameLife(hold.Workload)))
                Add(hold.Workload, StepKind.Take, hold.Lever, hold.Rule, hold.Share, plan.Wanted.FirstOrDefault(w => w.Workload == hold.Workload)?.Run?.Reason);
        foreach (var hold in before.Holds)
            if (!now.Holds.Any(other => other.Lever == hold.Lever && other.Since == hold.Since && other.Workload.IsSameLife(hold.Workload)))
                Add(hold.Workload, StepKind.GiveBack, hold.Lever, hold.Rule, null, null);
        foreach (var impulse in plan.Impulses)
            if (now.Impulses.Any(done => done.Key == impulse.Key) && !before.Impulses.Any(done => done.Key == impulse.Key))
                Add(impulse.Workload, StepKind.Impulse, impulse.Lever, impulse.Rule, null, impulse.Reason);

        void Add(WorkloadId workload, StepKind step, Lever lever, RuleName rule, double? share, Reason? why) =>
            _outcomes.Add(new Outcome(++_steps, wall, workload, step, lever, rule, OutcomeResult.Done, "simulated", TimeSpan.Zero) { Share = share, Reason = why, PlanSeq = plan.Seq });
    }

    private void Reconcile(World world, SimulatedWorkload workload, Plan plan, DateTimeOffset wall)
    {
        var id = node.IdOf(workload);
        var before = HeldOf(world, workload, id);
        var wanted = plan.Wanted.FirstOrDefault(entry => entry.Mode == Mode.Enforce && entry.Workload == id);
        var relation = plan.Yields.FirstOrDefault(entry => entry.Mode == Mode.Enforce && entry.Batch == id && entry.Gpu == workload.Spec.Gpu);
        if (before == Held.Nothing && wanted is null && relation is null)
            return;
        if (before.Run?.Lever == Lever.Stop && wanted?.Run?.Limit.State != RunState.Stopped)
        {
            // A new life: what else is wanted of it comes with the next plan, which knows it.
            GiveBackCap(world, before);
            world.Start(workload.Name);
            _held.Remove(workload.Name);
            return;
        }
        var run = Run(world, workload, before.Run, wanted?.Run, id, wall);
        _held[workload.Name] = new Held(
            run,
            Gate(world, workload, before.Gate, workload.Alive ? relation : null, id, wall),
            Cap(world, workload, before.Cap, workload.Alive || run is not null ? wanted?.Caps.FirstOrDefault(cap => cap.Gpu == workload.Spec.Gpu) : null, id, wall));
        if (_held[workload.Name] == Held.Nothing)
            _held.Remove(workload.Name);
    }

    /// <summary>What is held of this life. With a life end its freezer and its sleep; a cap is kept outside of it and comes off here.</summary>
    private Held HeldOf(World world, SimulatedWorkload workload, WorkloadId id)
    {
        if (!_held.TryGetValue(workload.Name, out var held))
            return Held.Nothing;
        if (held.All.All(hold => hold.Workload == id) && (workload.Alive || held.Run?.Lever == Lever.Stop))
            return held;
        GiveBackCap(world, held);
        _held.Remove(workload.Name);
        return Held.Nothing;
    }

    private static void GiveBackCap(World world, Held held)
    {
        if (held.Cap is { } cap)
            world.SetVramCap(cap.Workload.Name, null);
    }

    private static Hold? Run(World world, SimulatedWorkload workload, Hold? before, WantedRun? wanted, WorkloadId id, DateTimeOffset wall)
    {
        var limit = wanted?.Limit ?? RunLimit.Free;
        if (before is null && limit.State == RunState.Free)
            return null;
        // What others stopped is not ours; but one that Docker is about to start again can be kept down.
        if (!workload.Alive && before is null && !(limit.State == RunState.Stopped && workload.WillRestart))
            return null;
        if (before?.Lever == Lever.Sleep && limit.State != RunState.Asleep)
            world.Wake(workload.Name);
        if (before?.Lever is Lever.Share or Lever.Pause && limit.State is RunState.Asleep or RunState.Stopped)
            world.SetRunFraction(workload.Name, 1);
        switch (limit.State)
        {
            case RunState.Stopped:
                world.Stop(workload.Name);
                break;
            case RunState.Asleep:
                world.Sleep(workload.Name);
                // Not loaded yet: tried again at the next tick.
                if (!workload.Asleep)
                    return null;
                break;
            default:
                world.SetRunFraction(workload.Name, limit.Share);
                break;
        }
        return wanted is null || limit.State == RunState.Free
            ? null
            : Keep(before, new Hold(id, limit.Lever, wanted.Rule, limit.Share, null, null, wall));
    }

    private Hold? Gate(World world, SimulatedWorkload workload, Hold? before, YieldRelation? relation, WorkloadId id, DateTimeOffset wall)
    {
        string[] names = relation is null ? [] : [.. relation.Protected.Select(p => p.Name).Where(name => world.Workloads.Any(w => w.Name == name))];
        if (names.Length > 0)
            _gated.Add(workload.Name);
        if (names.Length > 0)
            world.SetGate(workload.Name, new GateSpec(names, YieldTimes.Of(relation!) with { Reaction = GateSpec.Detection }));
        else if (before is not null)
            world.SetGate(workload.Name, null);
        return names.Length > 0 ? Keep(before, new Hold(id, Lever.Gate, RuleName.Gate, relation!.Floor, null, null, wall)) : null;
    }

    private static Hold? Cap(World world, SimulatedWorkload workload, Hold? before, WantedCap? wanted, WorkloadId id, DateTimeOffset wall)
    {
        if (before is not null || wanted is not null)
            world.SetVramCap(workload.Name, wanted?.Bytes);
        return wanted is null ? null : Keep(before, new Hold(id, Lever.Cap, wanted.Rule, 1, wanted.Gpu, wanted.Bytes, wall));
    }

    /// <summary>The same lever is the same hold, whatever its value.</summary>
    private static Hold Keep(Hold? before, Hold now) => before?.Lever == now.Lever ? now with { Since = before.Since } : now;

    private sealed record Held(Hold? Run, Hold? Gate, Hold? Cap)
    {
        public static readonly Held Nothing = new(null, null, null);

        public IEnumerable<Hold> All => new[] { Run, Gate, Cap }.OfType<Hold>();
    }
}
