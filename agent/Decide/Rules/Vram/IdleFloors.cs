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

    /// <summary>What the framework has reserved and uses, and the part of it that is of no use; null when it does not tell. The part that can't be given back counts where it is told:
    /// the rest may be a cache.</summary>
    public static (long Reserved, long Allocated, double Waste)? UseOf(WorkloadSnapshot workload)
    {
        if (workload.Framework is { ReservedBytes: > 0 } told && told.AllocatedBytes <= told.ReservedBytes)
            return (told.ReservedBytes, told.AllocatedBytes, Math.Min(1, (double)told.InactiveSplitBytes / told.ReservedBytes));
        return workload.Latency is { ReservedBytes: { } reserved and > 0, AllocatedBytes: { } allocated and >= 0 } && double.IsFinite(reserved) && allocated <= reserved
            ? ((long)reserved, (long)allocated, (reserved - allocated) / reserved)
            : null;
    }

    public static IdleFloor Step(RuleInput input, WorkloadSnapshot workload, IdleFloor? last, FragmentationSettings settings)
    {
        var startedAt = workload.Container.Id.StartedAt;
        if (last is null || last.StartedAt != startedAt)
            last = new IdleFloor(startedAt, null, null, input.Now, new Dictionary<int, long>(), null, input.Now);
        // Evidence that is not renewed for so long is none any more.
        if (last.HighSince is not null && input.Now - last.HighSeen > settings.For + settings.For)
            last = last with { HighSince = null };
        last = WithProof(input, workload, last, settings);
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
        return UseOf(workload)?.Waste switch
        {
            null => next,
            { } waste when waste > settings.Above => next with { HighSince = next.HighSince ?? input.Now, HighSeen = input.Now },
            _ => next with { HighSince = null },
        };
    }

    /// <summary>Allocations that the driver refused although card and cap had the bytes: what is free lies in pieces. Only growth seen in this life counts.</summary>
    private static IdleFloor WithProof(RuleInput input, WorkloadSnapshot workload, IdleFloor last, FragmentationSettings settings)
    {
        if (last.Proof is { } old && input.Now - old.At > settings.For + settings.For)
            last = last with { Proof = null };
        Dictionary<int, (long Refused, int Processes)>? seen = null;
        foreach (var book in input.Snapshot.Books)
        {
            if (book.InstanceId != workload.Container.Id.InstanceId)
                continue;
            // A process that comes or goes brings or takes its whole past.
            if (last.RefusedSeen.TryGetValue(book.Gpu, out var before) && before.Processes == book.Processes && book.RefusedWhileFree > before.Refused)
                last = last with { Proof = ((last.Proof?.Count ?? 0) + book.RefusedWhileFree - before.Refused, input.Now) };
            (seen ??= last.RefusedSeen.ToDictionary())[book.Gpu] = (book.RefusedWhileFree, book.Processes);
        }
        return seen is null ? last : last with { RefusedSeen = seen };
    }
}
