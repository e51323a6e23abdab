using System.Globalization;
using Headroom.Decide.Rules.Vram;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Restarts what holds much more than it uses, when nobody is hurt by it. Strong evidence: the framework's own counters, then allocations that the driver refused while the
/// bytes were free (the preload library's books). A rising idle floor is only a suspicion: from outside a leak, fragmentation and a cache look alike.</summary>
/// <param name="isOpen">Whether a window is open at an instant.</param>
internal sealed class FragmentationRule(Func<Window, DateTimeOffset, bool> isOpen) : IRule
{
    /// <summary>A floor that rose within less is warm-up.</summary>
    private static readonly TimeSpan LeastAge = TimeSpan.FromHours(1);
    /// <summary>One refused allocation may be a probe: some frameworks try how much they get.</summary>
    private const int RefusalsThatProve = 3;

    public RuleName Name => RuleName.Fragmentation;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var settings = input.Policy.Rules.Fragmentation;
        var floors = new Dictionary<string, IdleFloor>(memory.Fragmentation.Floors.Count);
        var proposals = new List<Proposal>();
        var remarks = new List<RuleRemark>();
        var chosen = new Dictionary<string, string>();
        foreach (var workload in input.Snapshot.Workloads.OrderBy(w => w.Name, StringComparer.Ordinal))
        {
            if (!workload.Container.Runs || input.Near.GpusOf(workload.Name).Count == 0)
                continue;
            var floor = IdleFloors.Step(input, workload, memory.Fragmentation.Floors.GetValueOrDefault(workload.Name), settings);
            floors[workload.Name] = floor;
            if (floor.HighSince is { } since && input.Now - since >= settings.For && IdleFloors.UseOf(workload) is { } use)
                Strong(input, workload, floor, new Evidence(
                    [("workload", workload.Name), ("ratio", ReasonValue.Ratio(use.Waste)), ("reserved", ReasonValue.Bytes(use.Reserved))],
                    FragmentationReasons.Restart.With(("workload", workload.Name), ("ratio", ReasonValue.Ratio(use.Waste)), ("reserved", ReasonValue.Bytes(use.Reserved)),
                        ("allocated", ReasonValue.Bytes(use.Allocated)), ("for", input.Now - since), ("floor", ReasonValue.Bytes(Held(input, workload))))), chosen, proposals, remarks);
            else if (floor.Proof is { Count: >= RefusalsThatProve } proof)
                Strong(input, workload, floor, new Evidence(
                    [("workload", workload.Name), ("refused", ReasonValue.Count(proof.Count))],
                    FragmentationReasons.RestartProven.With(("workload", workload.Name), ("refused", ReasonValue.Count(proof.Count)), ("floor", ReasonValue.Bytes(Held(input, workload))))),
                    chosen, proposals, remarks);
            else
                Suspect(input, workload, floor, settings, proposals);
        }
        return new RuleOutput(memory with { Fragmentation = new FragmentationMemory { Floors = floors } }, proposals, remarks);
    }

    private void Strong(RuleInput input, WorkloadSnapshot workload, IdleFloor floor, Evidence evidence, Dictionary<string, string> chosen,
        List<Proposal> proposals, List<RuleRemark> remarks)
    {
        var helped = input.Snapshot.Act.Impulses.Where(i => i.Workload == workload.Name && i.Kind == ImpulseKind.Restart && i.Rule == Name)
            .OrderByDescending(i => i.At).Select(i => i.Helped).FirstOrDefault();
        var settled = floor.IdleSince is { } idle && input.Now - idle >= IdleFloors.Settled;
        var restart = workload.Policy.Restart;
        if (helped == false)
            Refuse(FragmentationReasons.DidNotHelp);
        else if (Untimely(input, workload, floor) is { } untimely)
            Refuse(untimely);
        else if (IsLastReplica(input, workload) && (restart.LastReplica == LastReplica.Never || restart.LastReplica == LastReplica.Idle && !settled))
            Refuse(FragmentationReasons.LastReplica, ("rule", restart.LastReplica.Word()));
        else if (NoRoomOn(input, workload, floor) is { } lacks)
            Refuse(FragmentationReasons.NoRoom, ("need", ReasonValue.Bytes(lacks.Need)), ("gpu", ReasonValue.Count(lacks.Gpu)), ("room", ReasonValue.Bytes(lacks.Room)));
        else if (ReplicaSet(workload) is { } set && !chosen.TryAdd(set, workload.Name))
            Refuse(FragmentationReasons.ReplicaFirst, ("other", chosen[set]));
        else
            proposals.Add(Restart(workload, !restart.Allowed, evidence.Restart));

        void Refuse(ReasonCode code, params ReadOnlySpan<(string, ReasonValue)> more) => remarks.Add(new RuleRemark(Verdict.Refuse, workload.Name, null, Lever.Restart,
            evidence.IsProof ? FragmentationReasons.NotNow.With([.. evidence.Told, ("code", code.Code)]) : code.With([.. evidence.Told, .. more])));
    }

    /// <summary>Why a workload is taken for fragmented.</summary>
    /// <param name="Told">What each refusal to restart it tells.</param>
    /// <param name="Restart">What a restart tells.</param>
    private sealed record Evidence((string, ReasonValue)[] Told, Reason Restart)
    {
        public bool IsProof => Restart.Code == FragmentationReasons.RestartProven.Code;
    }

    private void Suspect(RuleInput input, WorkloadSnapshot workload, IdleFloor floor, FragmentationSettings settings, List<Proposal> proposals)
    {
        if (floor.Baseline is not { } baseline || floor.IdleSince is not { } idle || input.Now - idle < IdleFloors.Settled
            || input.Now - floor.BaselineAt < LeastAge || !baseline.Keys.All(floor.Floor.ContainsKey))
            return;
        long before = baseline.Values.Sum(), now = floor.Floor.Values.Sum();
        if (now - before > Math.Max(512 * Bytes.MiB, before * settings.Above))
            proposals.Add(Restart(workload, true, FragmentationReasons.Suspected.With(("workload", workload.Name), ("floor", ReasonValue.Bytes(now)),
                ("baseline", ReasonValue.Bytes(before)), ("age", input.Now - floor.BaselineAt))));
    }

    private ImpulseProposal Restart(WorkloadSnapshot workload, bool onlyTell, Reason reason) => new(Name, workload.Container.Id, reason, ImpulseKind.Restart,
        string.Create(CultureInfo.InvariantCulture, $"fragmentation:{workload.Name}:{workload.Container.Id.StartedAt.UtcTicks}"), onlyTell);

    /// <summary>Why not now.</summary>
    private ReasonCode? Untimely(RuleInput input, WorkloadSnapshot workload, IdleFloor floor)
    {
        var when = input.Policy.Rules.Fragmentation.When;
        if (when == FragmentationWhen.Always)
            return null;
        if (when == FragmentationWhen.Window && workload.Policy.Window is { } use)
            return input.Policy.Windows.FirstOrDefault(w => w.Name == use.Name) is { } window && isOpen(window, input.Wall) ? null : FragmentationReasons.NotInWindow;
        return floor.IdleSince is null ? FragmentationReasons.NotIdle : null;
    }

    private static (int Gpu, long Need, long Room)? NoRoomOn(RuleInput input, WorkloadSnapshot workload, IdleFloor floor)
    {
        foreach (var gpu in input.Near.GpusOf(workload.Name))
        {
            var used = input.Near.ShareOf(workload, gpu)?.UsedBytes ?? 0;
            // What it held first after it had loaded, and what it may count on.
            var need = Math.Max(workload.Policy.GuaranteeBytes ?? 0, floor.Baseline?.TryGetValue(gpu, out var first) == true ? first : used);
            var room = input.Snapshot.Gpus.FirstOrDefault(g => g.Index == gpu) is { Health: Model.GpuHealth.Ok } sample && sample.Memory.Known() is { } memory
                ? memory.FreeBytes + used
                : 0;
            if (room < need)
                return (gpu, need, room);
        }
        return null;
    }

    private static bool IsLastReplica(RuleInput input, WorkloadSnapshot workload) => ReplicaSet(workload) is not { } set
        || !input.Snapshot.Workloads.Any(o => o.Name != workload.Name && o.Container.State == ContainerState.Running && ReplicaSet(o) == set);

    /// <summary>Its group, or its compose service; null when it stands alone.</summary>
    private static string? ReplicaSet(WorkloadSnapshot workload) => workload switch
    {
        { Policy.Group: { Mode: GroupMode.Scale } group } => $"group {group.Name}",
        { Container: { ComposeService: { } service } container } => $"service {container.ComposeProject}/{service}",
        _ => null,
    };

    private static long Held(RuleInput input, WorkloadSnapshot workload) =>
        input.Near.GpusOf(workload.Name).Sum(gpu => input.Near.ShareOf(workload, gpu)?.UsedBytes ?? 0);
}
