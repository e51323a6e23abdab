using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What each GPU has to give to a replica that wakes: free, less the reserve, less what others are promised or about to take.</summary>
internal sealed class ScaleRoom(RuleInput input, ScaleMemory memory, IReadOnlyDictionary<string, IReadOnlyList<WorkloadSnapshot>> groups)
{
    private readonly Dictionary<int, long> _taken = [];

    /// <param name="Gpu">The one that decides; null: unknown.</param>
    /// <param name="Needed">Null: unknown.</param>
    /// <param name="Free">Null: unknown.</param>
    public readonly record struct Answer(bool Fits, int? Gpu, long? Needed, long? Free);

    public Answer Ask(WorkloadSnapshot replica)
    {
        var needed = Need(replica);
        int? tightest = null;
        long? least = null;
        foreach (var gpu in GpusFor(replica))
        {
            if (Free(gpu, replica) is not { } free)
                return new Answer(false, gpu, needed, null);
            if (!(free >= least))
                (tightest, least) = (gpu, free);
        }
        return new Answer(needed <= least, tightest, needed, least);
    }

    /// <summary>From now on in this judgement it is taken.</summary>
    public void Take(WorkloadSnapshot replica)
    {
        foreach (var gpu in GpusFor(replica))
            _taken[gpu] = _taken.GetValueOrDefault(gpu) + (Need(replica) ?? 0);
    }

    /// <summary>Where it stands or stood; else where it asked to be; else where its siblings are: replicas are alike.</summary>
    public IReadOnlyList<int> GpusFor(WorkloadSnapshot replica)
    {
        if (input.Near.GpusOf(replica.Name) is { Count: > 0 } stood)
            return stood;
        var asked = replica.Container.Gpus;
        var named = input.Snapshot.Gpus.Where(g => asked?.Devices.Any(d => d == g.Identity.Uuid || d == $"{g.Index}") == true).Select(g => g.Index).ToList();
        if (named.Count > 0)
            return named;
        var siblings = Siblings(replica).SelectMany(s => input.Near.GpusOf(s.Name)).Distinct().Order().ToList();
        if (siblings.Count > 0)
            return siblings;
        return asked is { All: true } ? [.. input.Snapshot.Gpus.Select(g => g.Index)] : [];
    }

    private long? Need(WorkloadSnapshot replica)
    {
        var own = Math.Max(replica.Policy.GuaranteeBytes ?? 0, memory.LastBytes.GetValueOrDefault(replica.Name));
        var need = own > 0 ? own : Siblings(replica).Max(s => (long?)memory.LastBytes.GetValueOrDefault(s.Name)) ?? 0;
        return need > 0 ? need : null;
    }

    private long? Free(int gpu, WorkloadSnapshot replica)
    {
        if (input.Snapshot.Gpus.FirstOrDefault(g => g.Index == gpu) is not { Health: GpuHealth.Ok } card || card.Memory.Known() is not { } room)
            return null;
        var reserve = input.Policy.Vram.ReserveOf(gpu, room.TotalBytes);
        var promised = input.Snapshot.Workloads.Where(w => w.Name != replica.Name).Sum(w => Promised(w, gpu));
        // One that never came to be stopped has its own already.
        var own = input.Near.ShareOf(replica, gpu)?.UsedBytes ?? 0;
        return Math.Max(0, room.FreeBytes + own - reserve - promised - _taken.GetValueOrDefault(gpu));
    }

    // A guarantee that is not used yet, and replicas on their way that hold nothing yet.
    private long Promised(WorkloadSnapshot other, int gpu)
    {
        var group = other.Policy.Group is { Mode: GroupMode.Scale } use ? memory.Groups.GetValueOrDefault(use.Name) : null;
        var comes = group?.Woken.ContainsKey(other.Name) == true;
        var goes = group?.Out.Any(o => o.Id.Name == other.Name) == true;
        if (goes || !(comes || other.Container.Runs) || !(comes ? GpusFor(other) : input.Near.GpusOf(other.Name)).Contains(gpu))
            return 0;
        var claim = comes ? Need(other) ?? 0 : other.Policy.GuaranteeBytes ?? 0;
        return Math.Max(0, claim - (input.Near.ShareOf(other, gpu)?.UsedBytes ?? 0));
    }

    private IEnumerable<WorkloadSnapshot> Siblings(WorkloadSnapshot replica) =>
        replica.Policy.Group is { } group && groups.TryGetValue(group.Name, out var members) ? members.Where(m => m.Name != replica.Name) : [];
}
