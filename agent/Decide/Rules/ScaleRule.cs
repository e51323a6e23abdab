using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>Wakes and puts back the replicas of a group, one at a time, between its min and its max: a group with SLOs by its own pressure, one without
/// by the pressure of its protected neighbours. A replica is put back by stopping it: nothing less gives its VRAM back.</summary>
internal sealed class ScaleRule : IRule
{
    public RuleName Name => RuleName.Scale;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var groups = input.Snapshot.Workloads.Where(w => w.Policy.Group?.Mode == GroupMode.Scale)
            .OrderBy(w => w.Name, StringComparer.Ordinal).GroupBy(w => w.Policy.Group!.Name)
            .ToDictionary(g => g.Key, g => (IReadOnlyList<WorkloadSnapshot>)[.. g]);
        var scale = memory.Scale with { LastBytes = LastBytes(input, memory.Scale, groups.Values) };
        var room = new ScaleRoom(input, scale, groups);
        var proposals = new List<Proposal>();
        var remarks = new List<RuleRemark>();
        // While Docker is silent, those that are stopped can't be seen: nothing changes, and nothing is forgotten.
        var blind = input.Snapshot.Health.Any(h => h is { Source: "containers", Up: false });
        var next = blind ? new Dictionary<string, ScaleGroup>(scale.Groups) : [];
        foreach (var (name, members) in groups.OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var step = new ScaleStep(input, room, SettingsOf(input.Policy, name, members), members, scale.Groups.GetValueOrDefault(name) ?? ScaleGroup.New, remarks);
            var group = blind ? scale.Groups.GetValueOrDefault(name) ?? ScaleGroup.New : step.Judge();
            next[name] = group;
            proposals.AddRange(Wishes(input, members, group));
        }
        return new RuleOutput(memory with { Scale = scale with { Groups = next } }, proposals, remarks);
    }

    /// <summary>The first entry that names the group counts; where only labels do, the first member.</summary>
    private static GroupUse SettingsOf(Policy policy, string group, IReadOnlyList<WorkloadSnapshot> members) =>
        policy.Workloads.FirstOrDefault(e => e.Group?.Name == group)?.Group ?? members[0].Policy.Group!;

    private static IEnumerable<Proposal> Wishes(RuleInput input, IReadOnlyList<WorkloadSnapshot> members, ScaleGroup group)
    {
        foreach (var member in members)
        {
            var id = member.Container.Id;
            if (group.Out.FirstOrDefault(o => o.Id == id) is { } away)
                yield return new RunProposal(RuleName.Scale, id, away.Reason, RunLimit.Stopped, away.For is { } other && input.Near.Find(other) is not null ? other : null);
            else if (group.Woken.GetValueOrDefault(member.Name) is { Start: { } reason } && member.Container.State == ContainerState.Created)
                yield return new ImpulseProposal(RuleName.Scale, id, reason, ImpulseKind.Start, ScaleStep.KeyOf(id));
        }
    }

    // A process whose memory the driver hides would make it too small: then it is left as it was.
    private static Dictionary<string, long> LastBytes(RuleInput input, ScaleMemory memory, IEnumerable<IReadOnlyList<WorkloadSnapshot>> groups)
    {
        var last = new Dictionary<string, long>(memory.LastBytes);
        foreach (var member in groups.SelectMany(g => g))
        {
            var shares = input.Near.GpusOf(member.Name).Select(gpu => input.Near.ShareOf(member, gpu)).OfType<GpuShare>().ToList();
            if (shares.Count > 0 && shares.All(s => s.HiddenProcesses == 0) && shares.Max(s => s.UsedBytes) is > 0 and var used)
                last[member.Name] = used;
        }
        return last;
    }
}
