using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>What a growing workload uses up first.</summary>
/// <param name="Bytes">Left until then.</param>
/// <param name="Neighbour">Whom it harms; null: only itself.</param>
internal sealed record Danger(long Bytes, string? Neighbour)
{
    public static Danger Of(RuleInput input, WorkloadSnapshot workload, GpuSample sample, GpuMemory memory, long used)
    {
        var gpu = sample.Index;
        var free = memory.FreeBytes - input.Policy.Vram.ReserveOf(gpu, memory.TotalBytes);
        WorkloadSnapshot? neighbour = null;
        long most = -1;
        foreach (var other in input.Near.On(gpu))
        {
            if (other.Name == workload.Name || !other.Container.Runs)
                continue;
            var unmet = Math.Max(0, (other.Policy.GuaranteeBytes ?? 0) - (input.Near.ShareOf(other, gpu)?.UsedBytes ?? 0));
            free -= unmet;
            if (neighbour is null || other.Policy.Priority > neighbour.Policy.Priority
                || other.Policy.Priority == neighbour.Policy.Priority && (unmet > most || unmet == most && string.CompareOrdinal(other.Name, neighbour.Name) < 0))
                (neighbour, most) = (other, unmet);
        }
        var room = Math.Max(0, free);
        if (workload.Policy.CapBytes is { } cap && cap - used <= room)
            return new Danger(Math.Max(0, cap - used), null);
        return new Danger(room, neighbour?.Name);
    }

    /// <summary>Until it is used up at this pace.</summary>
    public TimeSpan After(double slope) => TimeSpan.FromSeconds(Math.Min(Bytes / slope, TimeSpan.FromDays(365).TotalSeconds));
}
