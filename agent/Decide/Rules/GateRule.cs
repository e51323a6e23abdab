using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Who stands aside for whom: batch yields to a protected workload of higher priority on its GPU, as long as its requests are seen well and leave room between them.</summary>
internal sealed class GateRule : IRule
{
    /// <summary>In flight nearly always: the gate would hardly open, a share is fairer.</summary>
    private const double BusyEnter = 0.9;
    private const double BusyLeave = 0.95;

    public RuleName Name => RuleName.Gate;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var proposals = new List<Proposal>();
        var remarks = new List<RuleRemark>();
        var pairs = new HashSet<(string, string)>();
        foreach (var batch in input.Snapshot.Workloads)
        {
            if (batch.Policy.Yields != Yields.Gate || !batch.Container.Runs)
                continue;
            foreach (var gpu in input.Near.GpusOf(batch.Name))
                Judge(input, memory, batch, gpu, pairs, proposals, remarks);
        }
        return new RuleOutput(memory with { Gate = new GateMemory { Pairs = pairs } }, proposals, remarks);
    }

    private void Judge(
        RuleInput input, PlannerMemory memory, WorkloadSnapshot batch, int gpu, HashSet<(string, string)> pairs, List<Proposal> proposals, List<RuleRemark> remarks)
    {
        List<WorkloadId>? to = null;
        foreach (var other in input.Near.On(gpu))
        {
            if (!Ranks.Protects(other, batch))
                continue;
            switch (other.Activity)
            {
                case { Confidence: ActivityConfidence.High, BusyRatio: var busy } when busy < (memory.Gate.Pairs.Contains((batch.Name, other.Name)) ? BusyLeave : BusyEnter):
                    (to ??= []).Add(other.Container.Id);
                    pairs.Add((batch.Name, other.Name));
                    break;
                case { Confidence: ActivityConfidence.High, BusyRatio: var busy }:
                    remarks.Add(new(Verdict.Refuse, batch.Name, gpu, Lever.Gate, GateReasons.TooBusy.With(
                        ("workload", batch.Name), ("protected", other.Name), ("busy", ReasonValue.Ratio(busy)))));
                    break;
                default:
                    remarks.Add(new(Verdict.Refuse, batch.Name, gpu, Lever.Gate, GateReasons.NotSeen.With(("workload", batch.Name), ("protected", other.Name))));
                    break;
            }
        }
        if (to is not null)
            proposals.Add(new YieldProposal(Name, batch.Container.Id, GateReasons.Yields.With(
                ("workload", batch.Name), ("protected", string.Join(", ", to.Select(id => id.Name)))), gpu, to));
    }
}
