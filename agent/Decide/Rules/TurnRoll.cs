using Headroom.Model;

namespace Headroom.Decide.Rules;

internal sealed record TurnCandidate(WorkloadSnapshot Workload, TurnMember Member)
{
    public string Name => Workload.Name;

    public TurnCandidate QueueUp(MonoTime now) => this with { Member = Member with { HasTurn = false, Since = now } };
}

/// <summary>Who takes part in turns now: members that could run and have work, in circles of those who meet.</summary>
internal sealed class TurnRoll
{
    /// <summary>SM use below which a member does nothing: what a context alone shows, and rounding.</summary>
    private const double Quiet = 0.02;
    /// <summary>So long without work ends a turn; a third of the quantum if that is shorter.</summary>
    private static readonly TimeSpan QuietFor = TimeSpan.FromSeconds(10);
    /// <summary>The list of containers is read each 5 s: it may show our own pause that long after it was undone.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(6);

    private readonly RuleInput _input;
    private readonly HashSet<(string, DateTimeOffset)> _ours = [];
    private readonly HashSet<string> _barred = [];
    private readonly HashSet<int> _attributed;
    private readonly TimeSpan _quietFor;

    public TurnRoll(RuleInput input, PlannerMemory memory, TimeSpan quantum)
    {
        _input = input;
        _quietFor = quantum / 3 < QuietFor ? quantum / 3 : QuietFor;
        _attributed = [.. input.Snapshot.Attribution.Select(a => a.Gpu)];
        FindHolds(memory);
        var working = new List<TurnCandidate>();
        foreach (var workload in input.Snapshot.Workloads.Where(TakesPart).OrderBy(w => w.Name, StringComparer.Ordinal))
        {
            if (workload.Policy.Priority == Priority.Critical)
                Critical.Add(workload);
            else if (CandidateOf(workload, memory.Turns.Members.GetValueOrDefault(workload.Name)) is { } candidate)
                (Rests(candidate) ? Resting : working).Add(candidate);
        }
        foreach (var equals in working.GroupBy(c => (c.Member.Group, c.Member.Priority)))
            Circles.AddRange(CirclesOf([.. equals]));
    }

    public List<WorkloadSnapshot> Critical { get; } = [];
    public List<TurnCandidate> Resting { get; } = [];
    public List<List<TurnCandidate>> Circles { get; } = [];

    private static bool TakesPart(WorkloadSnapshot workload) => workload.Policy is { Group.Mode: GroupMode.Turns, Exempt: false } && workload.Container.Runs;

    // Held by another rule, or about to be: it could not use its turn.
    private void FindHolds(PlannerMemory memory)
    {
        foreach (var hold in _input.Snapshot.Act.Holds.Where(h => h.Lever is Lever.Pause or Lever.Sleep or Lever.Stop))
            if (hold.Rule == RuleName.TurnTaking)
                _ours.Add((hold.Workload.InstanceId, hold.Workload.StartedAt));
            else
                _barred.Add(hold.Workload.Name);
        foreach (var (rule, standing) in memory.Standing)
            if (rule != RuleName.TurnTaking && standing.Until > _input.Now)
                foreach (var proposal in standing.Proposals)
                    if (proposal is RunProposal { Limit.State: >= RunState.Paused })
                        _barred.Add(proposal.Workload.Name);
    }

    private TurnCandidate? CandidateOf(WorkloadSnapshot workload, TurnMember? known)
    {
        if (_barred.Contains(workload.Name))
            return null;
        var (group, priority, now) = (workload.Policy.Group!.Name, workload.Policy.Priority, _input.Now);
        if (known is not null && (known.Group, known.Priority) != (group, priority))
            known = null;
        MonoTime? doubt = null;
        if (workload.Container.State == ContainerState.Paused && !_ours.Contains((workload.Container.Id.InstanceId, workload.Container.Id.StartedAt)))
        {
            doubt = known?.DoubtSince ?? now;
            if (known is null || now - doubt.Value >= Doubt)
                return null;
        }
        known ??= new TurnMember(group, priority, false, false, now);
        var rested = Rests(known);
        var quiet = QuietSince(workload, known, rested);
        var member = known with { QuietSince = quiet, DoubtSince = doubt };
        if (Rests(member))
            member = member with { HasTurn = false, Waits = false };
        else if (rested)
            member = member with { HasTurn = false, Since = now };
        return new TurnCandidate(workload, member);
    }

    private bool Rests(TurnCandidate candidate) => Rests(candidate.Member);

    private bool Rests(TurnMember member) => member.QuietSince is { } since && _input.Now - since >= _quietFor;

    // One that rests is not frozen because its reading is lost for a while; any other whose use is unknown counts as working.
    private MonoTime? QuietSince(WorkloadSnapshot workload, TurnMember known, bool rested) => known.Waits ? null : UseOf(workload) switch
    {
        (_, { } use) => use < Quiet ? known.QuietSince ?? _input.Now : null,
        (ReadingState.Unsupported, _) => null,
        _ => rested ? known.QuietSince : null,
    };

    private (ReadingState, double?) UseOf(WorkloadSnapshot workload)
    {
        var sum = 0.0;
        foreach (var gpu in _input.Near.GpusOf(workload.Name))
        {
            if (!_attributed.Contains(gpu))
                return (ReadingState.Stale, null);
            if (_input.Near.ShareOf(workload, gpu) is not { } share)
                continue; // holds no memory there, so it runs nothing there
            if (share.SmUse.State == ReadingState.Idle)
                continue;
            if (share.SmUse.Known() is not { } use || double.IsNaN(use))
                return (share.SmUse.State, null);
            sum += use;
        }
        return (ReadingState.Fresh, sum);
    }

    private List<List<TurnCandidate>> CirclesOf(List<TurnCandidate> equals)
    {
        var circles = new List<List<TurnCandidate>>();
        foreach (var candidate in equals)
        {
            var met = circles.FindAll(circle => circle.Exists(c => _input.Near.Meet(c.Name, candidate.Name)));
            circles.RemoveAll(met.Contains);
            circles.Add([.. met.SelectMany(circle => circle), candidate]);
        }
        return circles;
    }
}
