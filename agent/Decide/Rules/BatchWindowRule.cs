using Headroom.Decide.Windows;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Keeps workloads to their windows. Level-triggered: it asks what should be now, not what has changed, so an agent started late or a clock that was set
/// neither misses nor repeats anything.</summary>
internal sealed class BatchWindowRule : IRule
{
    public RuleName Name => RuleName.BatchWindow;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var loads = new Dictionary<string, BatchWindowLoad>();
        var proposals = new List<Proposal>();
        var remarks = new List<RuleRemark>();
        foreach (var workload in input.Snapshot.Workloads)
        {
            if (workload.Policy.Window is not { } use)
                continue;
            if (input.Policy.Windows.FirstOrDefault(w => w.Name == use.Name) is not { } window)
            {
                remarks.Add(new RuleRemark(Verdict.Refuse, workload.Name, null, null,
                    BatchWindowReasons.UnknownWindow.With(("workload", workload.Name), ("window", use.Name))));
                continue;
            }
            var judged = new BatchWindowCase(input, workload, use, window, memory.BatchWindow.Loads.GetValueOrDefault(workload.Name));
            judged.Judge(proposals, remarks);
            if (judged.Load != default)
                loads[workload.Name] = judged.Load;
        }
        return new RuleOutput(memory with { BatchWindow = new BatchWindowMemory { Loads = loads } }, proposals, remarks);
    }
}
