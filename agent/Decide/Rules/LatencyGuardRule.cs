using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Throttles the neighbours below a protected workload while its pressure is high, the guilty first, and gives back when it is gone.</summary>
internal sealed class LatencyGuardRule : IRule
{
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(10);

    public RuleName Name => RuleName.LatencyGuard;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var guard = memory.Guard;
        var elapsed = guard.JudgedAt is { } at ? TimeSpan.FromTicks(Math.Clamp((input.Now - at).Ticks, 0, LongestStep.Ticks)) : TimeSpan.Zero;
        memory = memory with { Blame = Blame.Watch(input, memory.Blame, Agitated(input, guard)) };
        var judged = JudgeProtected(input, memory);
        var throttled = new Dictionary<string, ThrottledMemory>(guard.Throttled.Count);
        var asking = AskingBy(judged);
        foreach (var workload in input.Snapshot.Workloads)
            if (Throttle(input, workload, asking.GetValueOrDefault(workload.Name), guard.Throttled.GetValueOrDefault(workload.Name) ?? Handed(input, memory.Gate, workload), elapsed) is { } next)
                throttled[workload.Name] = next;

        var remarks = new List<RuleRemark>();
        var gated = memory.Gate.Pairs.Select(pair => pair.Protected).ToHashSet();
        var protectedMemory = new Dictionary<string, ProtectedMemory>(judged.Count);
        foreach (var one in judged)
        {
            protectedMemory[one.Workload.Name] = Remember(one, throttled, guard.Throttled, input.Now);
            GuardRemarks.Add(remarks, input, one, gated.Contains(one.Workload.Name));
        }
        return new RuleOutput(
            memory with { Guard = new GuardMemory { Protected = protectedMemory, Throttled = throttled, JudgedAt = input.Now } },
            Proposals(input, throttled, judged, memory.Held), remarks);
    }

    /// <summary>GPUs on which somebody is hurt: what is seen there now is not usual.</summary>
    private static HashSet<int> Agitated(RuleInput input, GuardMemory guard)
    {
        var gpus = new HashSet<int>();
        foreach (var (name, m) in guard.Protected)
            if (m.Breach is not null)
                gpus.UnionWith(input.Near.GpusOf(name));
        return gpus;
    }

    private static List<ProtectedJudgement> JudgeProtected(RuleInput input, PlannerMemory memory)
    {
        var judged = new List<ProtectedJudgement>();
        foreach (var workload in input.Snapshot.Workloads)
        {
            if (workload.Slos.Count == 0 || workload.Container.State != ContainerState.Running)
                continue;
            HashSet<string> targets = [];
            foreach (var gpu in input.Near.GpusOf(workload.Name))
                foreach (var other in input.Near.On(gpu))
                    if (IsBelow(other, workload, input, memory))
                        targets.Add(other.Name);
            judged.Add(ProtectedJudgement.Of(
                input, workload, memory.Guard.Protected.GetValueOrDefault(workload.Name) ?? new ProtectedMemory(), targets,
                name => input.Near.Find(name) is { } other && IsHeld(input, memory.Guard, other), memory.Guard, memory.Blame));
        }
        return judged;
    }

    /// <summary>By workload: those for whose sake it may be held.</summary>
    private static Dictionary<string, List<ProtectedJudgement>> AskingBy(List<ProtectedJudgement> judged)
    {
        var asking = new Dictionary<string, List<ProtectedJudgement>>();
        foreach (var one in judged)
            foreach (var target in one.Targets)
                if (asking.TryGetValue(target, out var several))
                    several.Add(one);
                else
                    asking[target] = [one];
        return asking;
    }

    /// <summary>May be held for its sake. Whoever stands aside by the gate does not run while requests are in flight: it cannot be the cause.</summary>
    private static bool IsBelow(WorkloadSnapshot other, WorkloadSnapshot hurt, RuleInput input, PlannerMemory memory) =>
        Ranks.Protects(hurt, other) && other.Policy is { Managed: true, Exempt: false, Yields: not Yields.Never } && (other.Container.Runs || IsHeld(input, memory.Guard, other))
        && !IsPausedByOthers(other, input) && !(GateStands(input, memory.Gate) && memory.Gate.Pairs.Contains((other.Name, hurt.Name)));

    /// <summary>Whoever a person paused gives nothing, and is not ours to judge.</summary>
    private static bool IsPausedByOthers(WorkloadSnapshot workload, RuleInput input) =>
        workload.Container.State == ContainerState.Paused && !input.Snapshot.Act.Has(workload.Container.Id);

    private static bool GateStands(RuleInput input, GateMemory gate) =>
        input.Policy.Rules.Gate is { Enabled: true } settings && input.Now - gate.At <= settings.Life;

    /// <summary>The least that a share can be.</summary>
    private static double FloorOf(WorkloadSnapshot workload) => Math.Max(workload.Policy.Floor, 0.01);

    /// <summary>It is not in Headroom's hand to hold it, however long the breach lasts.</summary>
    private static bool CannotGive(RuleInput input, WorkloadSnapshot workload) =>
        input.Snapshot.Mode == Mode.Enforce && workload.Policy.Mode < Mode.Enforce
        || input.Near.GpusOf(workload.Name).Count > 1 && !workload.Policy.Restart.Allowed
        || input.Snapshot.Act.Ineffective.Any(useless => useless.Workload == workload.Name && useless.Lever == Lever.Share);

    /// <summary>Really does not run, by our doing; or has its floor, where the limits allow no more. In recommend it never is.</summary>
    private static bool IsHeld(RuleInput input, GuardMemory guard, WorkloadSnapshot workload) =>
        CannotGive(input, workload)
        || input.Snapshot.Act.Has(workload.Container.Id, hold =>
            hold.Lever is Lever.Pause or Lever.Stop or Lever.Sleep
            || hold.Lever == Lever.Share && hold.Share <= FloorOf(workload) + 1e-9
            && guard.Throttled.GetValueOrDefault(workload.Name)?.State >= ThrottleLaw.Last(workload.Policy.Priority));

    /// <summary>Really: what is only recommended has not been tried, and nothing can be concluded from it.</summary>
    private static bool HasOnlyItsFloor(RuleInput input, WorkloadSnapshot workload) =>
        input.Snapshot.Act.Has(workload.Container.Id, hold => hold.Lever is not (Lever.Cap or Lever.Gate) && hold.Share <= FloorOf(workload) + 1e-9);

    private static ThrottledMemory? Throttle(
        RuleInput input, WorkloadSnapshot workload, List<ProtectedJudgement>? asking, ThrottledMemory? before, TimeSpan elapsed)
    {
        ProtectedJudgement? strictest = null;
        var demand = Demand.GiveBack;
        foreach (var one in asking ?? [])
        {
            var asked = Asked(one, workload.Name, before);
            if (strictest is null || asked > demand)
                (strictest, demand) = (one, asked);
        }
        if (before is null && demand < Demand.Ease)
            return null;
        var floor = FloorOf(workload);
        var now = input.Now;
        var m = before ?? new ThrottledMemory { State = ThrottleState.Healthy, Share = 1, Since = now, ReadyAt = now, For = "", Reason = PlannerReasons.GivenBack.With(("workload", workload.Name)) };
        var suspend = now - m.Since >= input.Policy.Rules.LatencyGuard.For && strictest?.Lasts == true
            && ThrottleLaw.Last(workload.Policy.Priority) >= ThrottleState.Suspended && HasOnlyItsFloor(input, workload);
        // What stands still for a pressure that is borne now would stand for ever: the dwell is enough.
        if (m.State >= ThrottleState.Suspended && demand is Demand.Keep or Demand.Ease && strictest is { Demand: not Demand.Cut, Evidence.Pressure: { } borne }
            && borne <= input.Policy.Rules.LatencyGuard.EnterAbove)
            demand = Demand.Grow;
        var mayEvict = workload.Policy.Restart.Allowed && !(now - m.EvictedAt < workload.Policy.Restart.Cooldown);
        var next = ThrottleLaw.Next(m, demand, floor, elapsed, now, suspend, mayEvict);
        if (next.State == ThrottleState.Healthy)
            return ThrottleLaw.Remembers(next, now) || now - next.EvictedAt < workload.Policy.Restart.Cooldown ? next : null;
        if (next == m)
            return next;
        return strictest is null
            ? next with { Reason = PlannerReasons.GivenBack.With(("workload", workload.Name)) }
            : next with { For = strictest.Workload.Name, Reason = GuardWords.Of(workload.Name, next, demand, strictest, now) };
    }

    /// <summary>Who stood aside until now and gets a share instead begins at its floor: its neighbour is in flight all the time.</summary>
    private static ThrottledMemory? Handed(RuleInput input, GateMemory gate, WorkloadSnapshot workload) => !gate.JustShared.Contains(workload.Name) ? null : new()
    {
        State = ThrottleState.Throttled,
        Share = FloorOf(workload),
        Since = input.Now,
        ReadyAt = input.Now,
        For = gate.Shared.First(pair => pair.Batch == workload.Name).Protected,
        Reason = GuardReasons.FromGate.With(("workload", workload.Name), ("share", ReasonValue.Ratio(workload.Policy.Floor))),
    };

    /// <summary>The innocent give nothing; near the limit only the guilty and the throttled do.</summary>
    private static Demand Asked(ProtectedJudgement one, string workload, ThrottledMemory? before) => one.Demand switch
    {
        Demand.Cut when !one.Chosen.Contains(workload) => Demand.Keep,
        Demand.Ease when !(one.Chosen.Contains(workload) && (before is not null || one.Chosen.Count < one.Targets.Count)) => Demand.Keep,
        var asked => asked,
    };

    /// <summary>Something was taken for its sake just now: what was answered until now is no news any more.</summary>
    private static ProtectedMemory Remember(
        ProtectedJudgement one, Dictionary<string, ThrottledMemory> after, IReadOnlyDictionary<string, ThrottledMemory> before, MonoTime now)
    {
        foreach (var name in one.Targets)
        {
            if (after.GetValueOrDefault(name) is not { } next || next.For != one.Workload.Name)
                continue;
            var last = before.GetValueOrDefault(name);
            if (next.Share < (last?.Share ?? 1) - 1e-9 || next.State > (last?.State ?? ThrottleState.Healthy))
                return one.Memory with { ActedAt = now, Counts = LatencyEvidence.CountsOf(one.Workload) };
        }
        return one.Memory;
    }

    /// <param name="held">What was wanted of each until now.</param>
    private static List<Proposal> Proposals(
        RuleInput input, Dictionary<string, ThrottledMemory> throttled, List<ProtectedJudgement> judged, IReadOnlyDictionary<string, HeldMemory> held)
    {
        var unknown = judged.Where(one => one.Evidence.Unknown).Select(one => one.Workload.Name).ToHashSet();
        var proposals = new List<Proposal>();
        foreach (var (name, m) in throttled.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            if (m.State == ThrottleState.Healthy || input.Near.Find(name) is not { } workload)
                continue;
            var id = workload.Container.Id;
            proposals.Add(new RunProposal(RuleName.LatencyGuard, id, m.Reason, RunLimit.AtShare(m.Share), m.For));
            // What the limits kept back until now is not begun once nobody can see whether it is still needed.
            if (m.State >= ThrottleState.Suspended && (!unknown.Contains(m.For) || held.GetValueOrDefault(name)?.Limit.State >= RunState.Paused))
                proposals.Add(new RunProposal(RuleName.LatencyGuard, id, m.Reason, m.State == ThrottleState.Evicted ? RunLimit.Stopped : RunLimit.Paused, m.For));
        }
        return proposals;
    }
}
