using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>Follows what a workload holds while nobody asks anything of it. Pure.</summary>
internal static class IdleFloors
{
    /// <summary>Idle for this long counts as idle: the last request's memory is given back by then.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StartUp = TimeSpan.FromMinutes(3);

    /// <summary>Null: not known.</summary>
    public static bool? IsIdle(WorkloadSnapshot workload)
    {
        if (workload.Container.State != ContainerState.Running)
            return null; // what is held stands still, and is not idle
        if (workload.Latency is { MayBeStarved: false } latency)
            return latency.IsIdle;
        return workload.Activity is { Confidence: ActivityConfidence.High, InFlight: { } inFlight } activity ? inFlight == 0 && activity.BusyRatio == 0 : null;
    }

    /// <summary>Part of the reserved memory that is of no use; null when the framework does not tell.</summary>
    public static double? Waste(WorkloadSnapshot workload) =>
        workload.Latency is { ReservedBytes: { } reserved and > 0, AllocatedBytes: { } allocated and >= 0 } && double.IsFinite(reserved) && allocated <= reserved
            ? (reserved - allocated) / reserved
            : null;

    public static IdleFloor Step(RuleInput input, WorkloadSnapshot workload, IdleFloor? last, FragmentationSettings settings)
    {
        var startedAt = workload.Container.Id.StartedAt;
        if (last is null || last.StartedAt != startedAt)
            last = new IdleFloor(startedAt, null, null, input.Now, new Dictionary<int, long>(), null, input.Now);
        // Evidence that is not renewed for so long is none any more.
        if (last.HighSince is not null && input.Now - last.HighSeen > settings.For + settings.For)
            last = last with { HighSince = null };
        if (IsIdle(workload) is not true)
            return last.IdleSince is null ? last : last with { IdleSince = null, Floor = new Dictionary<int, long>() };
        var floor = new Dictionary<int, long>();
        foreach (var gpu in input.Near.GpusOf(workload.Name))
            if (input.Near.ShareOf(workload, gpu) is { HiddenProcesses: 0 } share)
                floor[gpu] = last.Floor.TryGetValue(gpu, out var before) ? Math.Min(before, share.UsedBytes) : share.UsedBytes;
        var idleSince = last.IdleSince ?? input.Now;
        var next = last with { IdleSince = idleSince, Floor = floor };
        if (next.Baseline is null && floor.Count > 0 && input.Now - idleSince >= Settled && input.Wall - startedAt >= StartUp)
            next = next with { Baseline = floor, BaselineAt = input.Now };
        return Waste(workload) switch
        {
            null => next,
            { } waste when waste > settings.Above => next with { HighSince = next.HighSince ?? input.Now, HighSeen = input.Now },
            _ => next with { HighSince = null },
        };
    }
}
