using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Equal members of one group that meet on a GPU run one at a time, each for a quantum, first come first served, at first by name.
/// Whoever has no work hands over early and runs free until it has some: somebody always runs.</summary>
/// <remarks>A quantum of some tens of seconds and its early release are nvshare's (ICSE 2024): below 10 s moving memory costs more than the turn gives.</remarks>
internal sealed class TurnTakingRule : IRule
{
    public RuleName Name => RuleName.TurnTaking;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var quantum = input.Policy.Rules.TurnTaking.Quantum;
        var roll = new TurnRoll(input, memory, quantum);
        var dark = input.Near.Gpus.Where(gpu => !input.Snapshot.Gpus.Any(g => g.Index == gpu && g.Health == GpuHealth.Ok)).ToList();
        var members = new Dictionary<string, TurnMember>();
        var proposals = new List<Proposal>();
        var remarks = new List<RuleRemark>();
        foreach (var critical in roll.Critical)
            remarks.Add(new RuleRemark(Verdict.Refuse, critical.Name, null, Lever.Pause,
                TurnTakingReasons.CriticalTakesNoTurns.With(("workload", critical.Name), ("group", critical.Policy.Group!.Name))));
        foreach (var (candidate, rests) in roll.Resting)
            members[candidate.Name] = rests;
        foreach (var circle in roll.Circles)
        {
            if (SharedBy(input, circle, dark) is { } gpu)
            {
                remarks.Add(new RuleRemark(Verdict.Refuse, null, gpu, Lever.Pause,
                    TurnTakingReasons.GpuDark.With(("group", circle[0].Member.Group), ("gpu", ReasonValue.Count(gpu)))));
                foreach (var candidate in circle)
                    members[candidate.Name] = candidate.Member with { Waits = false };
                continue;
            }
            Turn(input, circle, quantum, members, proposals);
        }
        return new RuleOutput(memory with { Turns = new TurnTakingMemory { Members = members } }, proposals, remarks);
    }

    private static void Turn(
        RuleInput input, List<TurnCandidate> circle, TimeSpan quantum, Dictionary<string, TurnMember> members, List<Proposal> proposals)
    {
        var now = input.Now;
        var inTurn = circle.FindAll(c => c.Member.HasTurn);
        inTurn.Sort(FirstCome);
        // Two circles that grew together have two; the later one queues up again.
        var queue = circle.FindAll(c => !c.Member.HasTurn);
        queue.AddRange(inTurn.Skip(1).Select(c => c.QueueUp(now)));
        queue.Sort(FirstCome);
        var holder = inTurn.Count > 0 ? inTurn[0] : null;
        if (queue.Count > 0 && (holder is null || now - holder.Member.Since >= quantum))
        {
            var next = queue[0];
            queue.RemoveAt(0);
            if (holder is not null)
                queue.Add(holder.QueueUp(now));
            holder = next with { Member = next.Member with { HasTurn = true, Since = now } };
        }

        var running = new List<TurnCandidate> { holder! };
        members[holder!.Name] = holder.Member with { Waits = false };
        var left = quantum - (now - holder.Member.Since);
        foreach (var candidate in queue)
        {
            // Those who meet nobody that runs need not wait.
            var before = running.Find(r => input.Near.Meet(r.Name, candidate.Name));
            members[candidate.Name] = candidate.Member with { Waits = before is not null };
            if (before is null)
                running.Add(candidate);
            else
                proposals.Add(new RunProposal(RuleName.TurnTaking, candidate.Workload.Container.Id, TurnTakingReasons.Waits.With(
                    ("workload", candidate.Name), ("group", candidate.Member.Group), ("holder", before.Name), ("left", left)), RunLimit.Paused));
        }
    }

    private static int FirstCome(TurnCandidate one, TurnCandidate other) =>
        one.Member.Since != other.Member.Since ? one.Member.Since.CompareTo(other.Member.Since) : string.CompareOrdinal(one.Name, other.Name);

    // Nothing is frozen on the word of a card that does not speak.
    private static int? SharedBy(RuleInput input, List<TurnCandidate> circle, List<int> dark)
    {
        foreach (var gpu in dark)
            if (circle.Count(c => input.Near.GpusOf(c.Name).Contains(gpu)) > 1)
                return gpu;
        return null;
    }
}
