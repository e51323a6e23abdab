using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>One judgement of one group: at most one replica changes.</summary>
internal sealed class ScaleStep(
    RuleInput input, ScaleRoom room, GroupUse use, IReadOnlyList<WorkloadSnapshot> members, ScaleGroup before, List<RuleRemark> remarks)
{
    /// <summary>So long a load must last before it counts.</summary>
    private static readonly TimeSpan For = TimeSpan.FromSeconds(10);
    /// <summary>A replica that was woken counts as running so long, whatever it shows; a model may load for longer, but then it holds VRAM.</summary>
    private static readonly TimeSpan Waking = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Forgive = TimeSpan.FromHours(1);
    private const int MostRelapses = 4;

    private readonly MonoTime _now = input.Now;
    private readonly bool _serves = members.Any(m => m.Policy.Slos.Count > 0);

    /// <summary>One start a container: done once, whatever came of it.</summary>
    public static string KeyOf(WorkloadId id) => $"scale/{id.InstanceId}";

    public ScaleGroup Judge()
    {
        var group = Take(before);
        var on = members.Where(m => IsOn(m, group)).ToList();
        var load = _serves ? ScaleLoad.OfServers(on) : ScaleLoad.OfBatch(input, on, members, members.SelectMany(room.GpusFor).Distinct().Order());
        group = group with
        {
            MoreSince = load.More ? group.MoreSince ?? _now : null,
            LessSince = load.Less ? group.LessSince ?? _now : null,
            Relapses = group.Relapsed is { } relapsed && _now - relapsed < Forgive ? group.Relapses : 0,
        };
        // With nobody running there would be no request to see, and so no reason to wake one.
        var least = _serves ? Math.Max(use.Min, 1) : use.Min;
        var most = Math.Max(use.Max ?? int.MaxValue, least);
        if (on.Count < least)
            return Wake(group, (name) => ScaleReasons.WokenForMin.With(
                ("workload", name), ("running", ReasonValue.Count(on.Count)), ("group", use.Name), ("min", ReasonValue.Count(least)))) ?? group;
        if (load.More && _serves && on.Count >= most && Lasts(group.MoreSince, For))
            Remark(Verdict.Note, null, null, ScaleReasons.AllRun.With(
                ("group", use.Name), ("pressure", ReasonValue.Ratio(load.Pressure)), ("running", ReasonValue.Count(on.Count))));
        if (group.Changed is { } changed && _now - changed < use.Cooldown)
            return group;
        if (on.Count > most)
            return PutBackOne(group, on, null, name => ScaleReasons.PutBackAboveMax.With(
                ("workload", name), ("running", ReasonValue.Count(on.Count)), ("group", use.Name), ("max", ReasonValue.Count(most)))) ?? group;
        if (on.Count < most && Lasts(group.MoreSince, For) && MayWake(group))
            return Wake(group, name => WokenBy(load, name, on.Count)) ?? group;
        if (on.Count > least && Lasts(group.LessSince, _serves ? Longer(use.Cooldown, For) : For))
            return PutBackOne(group, on, load.For, name => PutBackBy(load, name, on.Count)) ?? group;
        return group;
    }

    /// <summary>What became of what was wanted before.</summary>
    private ScaleGroup Take(ScaleGroup group)
    {
        var byName = members.ToDictionary(m => m.Name);
        var away = new List<PutBack>();
        foreach (var entry in group.Out)
        {
            if (!byName.TryGetValue(entry.Id.Name, out var member) || member.Container.Id != entry.Id)
                continue; // removed, or started anew by somebody else
            var held = IsHeld(entry.Id);
            if (held || !entry.Seen)
                away.Add(entry with { Seen = held });
        }
        foreach (var member in members)
            if (!group.Known.Contains(member.Name) && IsHeld(member.Container.Id))
                away.Add(new PutBack(member.Container.Id, ScaleReasons.StillOut.With(("workload", member.Name), ("group", use.Name)), null, true));
        var woken = group.Woken.Where(w => byName.TryGetValue(w.Key, out var member) && IsWaking(member, w.Value)).ToDictionary();
        return group with { Out = away, Woken = woken, Known = byName.Keys.ToHashSet() };
    }

    private bool IsWaking(WorkloadSnapshot member, Woken woken)
    {
        if (input.Near.GpusOf(member.Name).Any(gpu => input.Near.ShareOf(member, gpu) is not null) && member.Container.Runs)
            return false;
        return _now - woken.At < Waking || (woken.Start is not null && member.Container.State == ContainerState.Created && !WasStarted(member));
    }

    private bool IsHeld(WorkloadId id) => input.Snapshot.Act.Holds.Any(h => h.Rule == RuleName.Scale && h.Workload.IsSameLife(id));

    private bool WasStarted(WorkloadSnapshot member) =>
        input.Snapshot.Act.Impulses.Any(i => i.Workload == member.Name && i.Key == KeyOf(member.Container.Id));

    private static bool IsOn(WorkloadSnapshot member, ScaleGroup group) =>
        group.Woken.ContainsKey(member.Name)
        || (member.Container.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting && group.Out.All(o => o.Id.Name != member.Name));

    private bool Lasts(MonoTime? since, TimeSpan length) => since is { } at && _now - at >= length;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    // Neighbours that suffer each time another one runs are asked less and less often.
    private bool MayWake(ScaleGroup group) => group.Changed is not { } changed || _now - changed >= use.Cooldown * (1 << Math.Min(group.Relapses, MostRelapses));

    /// <summary>The one that was put back last, else one that Docker has created only. Never one that somebody else stopped.</summary>
    private ScaleGroup? Wake(ScaleGroup group, Func<string, Reason> why)
    {
        var stopped = group.Out.Reverse().Select(o => members.First(m => m.Name == o.Id.Name));
        var created = members.Where(m => m.Container.State == ContainerState.Created && m.Policy is { Managed: true, Exempt: false }
            && !group.Woken.ContainsKey(m.Name) && group.Out.All(o => o.Id.Name != m.Name) && !WasStarted(m));
        (WorkloadSnapshot Replica, ScaleRoom.Answer Answer)? refused = null;
        foreach (var replica in stopped.Concat(created))
        {
            var answer = room.Ask(replica);
            if (!answer.Fits)
            {
                refused ??= (replica, answer);
                continue;
            }
            room.Take(replica);
            var reason = why(replica.Name);
            var starts = group.Out.All(o => o.Id.Name != replica.Name);
            if (!starts)
                Remark(Verdict.Note, replica.Name, null, reason);
            return group with
            {
                Out = [.. group.Out.Where(o => o.Id.Name != replica.Name)],
                Woken = new Dictionary<string, Woken>(group.Woken) { [replica.Name] = new Woken(_now, starts ? reason : null) },
                Changed = _now, Grew = true, MoreSince = null, LessSince = null,
            };
        }
        if (refused is { } no)
            Remark(Verdict.Refuse, no.Replica.Name, no.Answer.Gpu, no.Answer is { Needed: { } needed, Free: { } free }
                ? ScaleReasons.NoRoom.With(("workload", no.Replica.Name), ("group", use.Name), ("needed", ReasonValue.Bytes(needed)),
                    ("gpu", ReasonValue.Count(no.Answer.Gpu ?? -1)), ("free", ReasonValue.Bytes(free)))
                : ScaleReasons.RoomUnknown.With(("workload", no.Replica.Name), ("group", use.Name)));
        return null;
    }

    /// <param name="protected">The neighbour for whose sake; null: the group's own.</param>
    private ScaleGroup? PutBackOne(ScaleGroup group, List<WorkloadSnapshot> on, string? @protected, Func<string, Reason> why)
    {
        WorkloadSnapshot? refused = null;
        foreach (var replica in on.AsEnumerable().Reverse())
        {
            if (replica.Policy is not { Managed: true, Exempt: false } || group.Woken.ContainsKey(replica.Name) || !IsFree(replica))
                continue;
            if (@protected is not null && !input.Near.Meet(replica.Name, @protected))
                continue;
            if (!replica.Policy.Restart.Allowed)
            {
                refused ??= replica;
                continue;
            }
            var relapsed = @protected is not null && group.Grew;
            return group with
            {
                Out = [.. group.Out, new PutBack(replica.Container.Id, why(replica.Name), @protected, false)],
                Changed = _now, Grew = false, MoreSince = null, LessSince = null,
                Relapses = group.Relapses + (relapsed ? 1 : 0), Relapsed = relapsed ? _now : group.Relapsed,
            };
        }
        if (refused is not null)
            Remark(Verdict.Refuse, refused.Name, null, ScaleReasons.MayNotStop.With(("workload", refused.Name), ("group", use.Name)), Lever.Stop);
        return null;
    }

    // A server must be known to have no request; of a job without latency nobody knows, and the policy allows to stop it.
    private static bool IsFree(WorkloadSnapshot replica) => ScaleLoad.InFlight(replica) is { } inFlight ? inFlight <= 0 : replica.Policy.Slos.Count == 0;

    private Reason WokenBy(ScaleLoad load, string name, int running) => _serves
        ? ScaleReasons.WokenForLoad.With(
            ("workload", name), ("group", use.Name), ("pressure", ReasonValue.Ratio(load.Pressure)), ("running", ReasonValue.Count(running)))
        : ScaleReasons.WokenForRoom.With(
            ("workload", name), ("group", use.Name), ("limit", ReasonValue.Ratio(input.Policy.Rules.LatencyGuard.LeaveBelow)), ("running", ReasonValue.Count(running)));

    private Reason PutBackBy(ScaleLoad load, string name, int running) => load.For is { } suffering
        ? ScaleReasons.PutBackForNeighbour.With(
            ("workload", name), ("group", use.Name), ("protected", suffering), ("pressure", ReasonValue.Ratio(load.Pressure)),
            ("limit", ReasonValue.Ratio(input.Policy.Rules.LatencyGuard.EnterAbove)))
        : ScaleReasons.PutBackIdle.With(
            ("workload", name), ("group", use.Name), ("left", ReasonValue.Count(running - 1)), ("projected", ReasonValue.Ratio(load.Projected)),
            ("pressure", ReasonValue.Ratio(load.Pressure)));

    private void Remark(Verdict verdict, string? workload, int? gpu, Reason reason, Lever? lever = null) =>
        remarks.Add(new RuleRemark(verdict, workload, gpu, lever, reason));
}
