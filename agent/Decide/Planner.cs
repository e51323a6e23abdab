using Headroom.Decide.Rules;
using Headroom.Decide.Windows;
using Headroom.Model;

namespace Headroom.Decide;

/// <summary>What every workload should be doing now, and why. Pure: the same inputs give the same plan.
/// Due rules are judged anew, in a fixed order; what the others wanted stays in force until it expires; then all wishes become one plan.</summary>
internal static class Planner
{
    private static readonly IReadOnlyList<IRule> Rules = 
    [
        new GpuHealthRule(), new BatchWindowRule(), new ScaleRule(), new TurnTakingRule(), new RunawayMemoryRule(), new VramCapsRule(),
        new FragmentationRule((window, at) => window.OpenAt(at) is not null), new AlertRule(), new GateRule(), new LatencyGuardRule(),
    ];

    public static readonly IReadOnlyList<RuleName> AllRules = [.. Rules.Select(rule => rule.Name)];

    private static readonly Dictionary<RuleName, IRule> RuleOf = Rules.ToDictionary(rule => rule.Name);

    /// <param name="due">Rules to be judged anew; with a new policy all are.</param>
    public static (Plan Plan, PlannerMemory Memory) Decide(NodeSnapshot snapshot, Policy policy, PlannerMemory memory, IReadOnlyCollection<RuleName> due)
    {
        var near = new Neighbourhood(snapshot, memory.Gpus);
        var input = new RuleInput(snapshot, policy, near);
        var now = snapshot.Mono;
        if (memory.PolicyHash != policy.Hash)
            (memory, due) = (memory with { Standing = new Dictionary<RuleName, Standing>(), PolicyHash = policy.Hash }, AllRules);

        var standing = new Dictionary<RuleName, Standing>();
        var judged = new List<RuleName>();
        foreach (var (name, settings) in policy.Rules.All)
        {
            if (!settings.Enabled)
            {
                memory = Forget(name, memory);
                continue;
            }
            var stands = memory.Standing.GetValueOrDefault(name);
            if (stands is null || due.Contains(name))
            {
                var output = RuleOf[name].Judge(input, memory);
                memory = output.Memory;
                stands = new Standing(output.Proposals, output.Remarks, now + settings.Life);
                judged.Add(name);
            }
            else if (stands.Until < now)
            {
                stands = stands with { Proposals = [], Remarks = [] };
            }
            standing[name] = stands;
        }

        memory = memory with { Standing = standing, Gpus = near.GpusByWorkload, PlanSeq = memory.PlanSeq + 1 };
        var (plan, after) = PlanMerge.Merge(input, memory);
        return (plan with { Due = judged }, after);
    }

    /// <summary>What an off rule still knew would count for others: gates that nobody keeps, throttles that would come back as they were.</summary>
    private static PlannerMemory Forget(RuleName rule, PlannerMemory memory) => rule switch
    {
        RuleName.Gate when memory.Gate != GateMemory.Nothing => memory with { Gate = GateMemory.Nothing },
        RuleName.LatencyGuard when memory.Guard != GuardMemory.Nothing => memory with { Guard = GuardMemory.Nothing },
        _ => memory,
    };
}
