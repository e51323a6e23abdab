using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide;

/// <summary>All wishes that stand -> one plan: what may not be is refused with its reason, the strictest of the rest owns the lever.</summary>
internal static class PlanMerge
{
    public static (Plan Plan, PlannerMemory Memory) Merge(RuleInput input, PlannerMemory memory)
    {
        var decisions = new DecisionBook(memory.Decided, input.Now);
        var runs = new Dictionary<string, List<RunProposal>>();
        var caps = new Dictionary<(string, int), CapProposal>(input.Snapshot.Workloads.Count);
        var yields = new List<YieldProposal>();
        var impulses = new List<ImpulseProposal>();
        foreach (var (rule, stands) in memory.Standing)
        {
            foreach (var remark in stands.Remarks)
                decisions.Add(remark, rule, ModeOf(input, remark.Workload));
            foreach (var proposal in stands.Proposals)
                Sort(proposal, input, decisions, runs, caps, yields, impulses);
        }

        var rest = memory.Resting.Where(r => r.Value > input.Now).ToDictionary();
        var (wantedRuns, held) = HoldLimits.Choose(runs, input, memory.Held, rest, decisions);
        var chosenImpulses = ImpulseLimits.Choose(impulses, input, decisions);
        var wanted = Wanted(input, wantedRuns, caps);
        var relations = Relations(input, yields, wantedRuns);

        foreach (var one in wanted)
            decisions.Add(one, memory.Held.GetValueOrDefault(one.Workload.Name)?.Limit ?? RunLimit.Free);
        foreach (var relation in relations)
            decisions.Add(Verdict.Move, RuleName.Gate, relation.Batch.Name, relation.Gpu, Lever.Gate, relation.Mode, relation.Reason);
        foreach (var impulse in chosenImpulses)
            decisions.Add(Verdict.Move, impulse.Rule, impulse.Workload.Name, null, impulse.Lever, impulse.Mode, impulse.Reason);
        foreach (var (name, last) in memory.Held)
            if (!held.ContainsKey(name) && input.Near.Find(name) is { } freed)
                decisions.Once(Verdict.Release, last.Rule, name, Lever.Share, ModeOf(input, freed), PlannerReasons.GivenBack.With(("workload", name)));

        var plan = new Plan
        {
            Seq = memory.PlanSeq,
            SnapshotSeq = input.Snapshot.Seq,
            PolicyHash = input.Policy.Hash,
            Wanted = wanted,
            Yields = relations,
            Impulses = chosenImpulses,
            Decisions = decisions.All,
            Blames = [.. memory.Guard.Protected.Values.Select(p => p.Breach).OfType<BlameReport>().OrderBy(b => b.Protected, StringComparer.Ordinal)],
            States = memory.Guard.Throttled.ToDictionary(t => t.Key, t => t.Value.State),
        };
        return (plan, memory with { Held = held, Resting = rest, Decided = decisions.Standing });
    }

    private static void Sort(
        Proposal proposal, RuleInput input, DecisionBook decisions, Dictionary<string, List<RunProposal>> runs,
        Dictionary<(string, int), CapProposal> caps, List<YieldProposal> yields, List<ImpulseProposal> impulses)
    {
        var name = proposal.Workload.Name;
        // Wanted of another life of the container: that one is gone.
        if (input.Near.Find(name) is not { } workload || workload.Container.Id != proposal.Workload)
            return;
        var (admitted, refusal) = Admission.Judge(proposal, workload, input);
        if (refusal is not null)
        {
            decisions.Add(Verdict.Refuse, proposal.Rule, name, (proposal as CapProposal)?.Gpu, proposal.Lever, ModeOf(input, workload), refusal);
            return;
        }
        switch (admitted)
        {
            case RunProposal run when runs.TryGetValue(name, out var several):
                // The strictest first; of equals the first rule.
                var at = several.FindIndex(other => other.Limit.CompareTo(run.Limit) < 0);
                several.Insert(at < 0 ? several.Count : at, run);
                break;
            case RunProposal run:
                runs[name] = [run];
                break;
            case CapProposal cap:
                if (!caps.TryGetValue((name, cap.Gpu), out var other) || cap.Bytes < other.Bytes)
                    caps[(name, cap.Gpu)] = cap;
                break;
            case YieldProposal relation:
                yields.Add(relation);
                break;
            case ImpulseProposal impulse:
                impulses.Add(impulse);
                break;
        }
    }

    private static List<Wanted> Wanted(RuleInput input, Dictionary<string, WantedRun> runs, Dictionary<(string Name, int Gpu), CapProposal> caps)
    {
        var wanted = new List<Wanted>();
        foreach (var workload in input.Snapshot.Workloads)
        {
            var run = runs.GetValueOrDefault(workload.Name);
            List<WantedCap>? own = null;
            foreach (var gpu in input.Near.GpusOf(workload.Name))
                if (caps.TryGetValue((workload.Name, gpu), out var cap))
                    (own ??= []).Add(new WantedCap(gpu, cap.Bytes, cap.Rule, cap.Reason));
            if (run is not null || own is not null)
                wanted.Add(new Wanted(workload.Container.Id, ModeOf(input, workload), run, own ?? []));
        }
        wanted.Sort((a, b) => string.CompareOrdinal(a.Workload.Name, b.Workload.Name));
        return wanted;
    }

    /// <summary>Who does not run at all needs no gate.</summary>
    private static List<YieldRelation> Relations(RuleInput input, List<YieldProposal> yields, Dictionary<string, WantedRun> runs)
    {
        var settings = input.Policy.Rules.Gate;
        var relations = new List<YieldRelation>();
        foreach (var yield in yields)
        {
            if (runs.GetValueOrDefault(yield.Workload.Name) is { Limit.State: >= RunState.Paused })
                continue;
            var workload = input.Near.Find(yield.Workload.Name)!;
            relations.Add(new YieldRelation(
                yield.Workload, yield.Protected, yield.Gpu, yield.Linger > settings.Linger ? yield.Linger : settings.Linger, settings.MaxClosed, settings.MinRun, yield.Floor,
                ModeOf(input, workload), yield.Reason, yield.Via));
        }
        return relations;
    }

    private static Mode ModeOf(RuleInput input, string? workload) =>
        workload is not null && input.Near.Find(workload) is { } found ? ModeOf(input, found) : input.Snapshot.Mode;

    internal static Mode ModeOf(RuleInput input, WorkloadSnapshot workload) => input.Snapshot.Mode.AtMost(workload.Policy.Mode);
}
