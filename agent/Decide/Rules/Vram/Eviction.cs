using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules.Vram;

/// <summary>Where a higher class can't have its guarantee because lower ones hold the memory: they sleep or stop, and come back when there is room again.</summary>
internal static class Eviction
{
    /// <summary>Out for at least this long: stopping and loading a model costs about as much.</summary>
    private static readonly TimeSpan Dwell = TimeSpan.FromSeconds(60);

    /// <param name="Since">Since when a guarantee is not covered; null: all are.</param>
    public sealed record Result(MonoTime? Since, Dictionary<string, EvictedEntry> Out, List<Proposal> Proposals, List<RuleRemark> Remarks);

    private sealed record Starved(WorkloadSnapshot Workload, long Deficit);

    public static Result Judge(GpuBook book, RuleInput input, MonoTime? since, IReadOnlyDictionary<string, EvictedEntry> before)
    {
        var now = input.Now;
        var result = new Result(null, [], [], []);
        foreach (var (name, entry) in before)
            if (Keep(book, input, name, entry) is { } kept)
                result.Out[name] = kept;
        if (FindStarved(book, input, result.Out) is { } starved)
        {
            var from = since ?? now;
            result = result with { Since = from };
            // A single reading may have caught a reload; caps at live use go first.
            if (book.Fits && now - from >= Watermarks.IdleTime)
                Evict(book, input, starved, result);
        }
        foreach (var (name, entry) in result.Out)
            if (input.Near.Find(name) is { } workload)
                result.Proposals.Add(new RunProposal(RuleName.VramCaps, workload.Container.Id, Why(book, input, name, entry),
                    entry.Limit == RunState.Asleep ? RunLimit.Asleep : RunLimit.Stopped, entry.For));
        return result;
    }

    private static EvictedEntry? Keep(GpuBook book, RuleInput input, string name, EvictedEntry entry)
    {
        if (input.Near.Find(name) is not { } workload || input.Near.Find(entry.For) is not { Container.Runs: true } other
            || other.Policy.Priority <= workload.Policy.Priority)
            return null;
        // The next life of the one it made room for may need it again within seconds: room has to last.
        if (FreeBeside(book, input, workload) < Need(book, entry))
            return entry with { RoomSince = null };
        var roomSince = entry.RoomSince ?? input.Now;
        return input.Now - entry.Since >= Dwell && input.Now - roomSince >= Watermarks.IdleTime ? null : entry with { RoomSince = roomSince };
    }

    /// <summary>Given back only above two watermarks.</summary>
    private static long Need(GpuBook book, EvictedEntry entry) => entry.Bytes + 2 * Bytes.Watermark(book.Total);

    /// <summary>Free memory that nobody else may count on.</summary>
    private static long FreeBeside(GpuBook book, RuleInput input, WorkloadSnapshot workload)
    {
        var free = book.Free;
        foreach (var other in input.Near.On(book.Gpu))
            if (other.Name != workload.Name)
                free -= Unmet(book, input, other);
        return free;
    }

    private static long Unmet(GpuBook book, RuleInput input, WorkloadSnapshot workload) => workload.Container.Runs
        ? Math.Max(0, (workload.Policy.GuaranteeBytes ?? 0) - (input.Near.ShareOf(workload, book.Gpu)?.UsedBytes ?? 0))
        : 0;

    private static Starved? FindStarved(GpuBook book, RuleInput input, Dictionary<string, EvictedEntry> evicted)
    {
        var free = book.Free;
        for (var priority = Priority.Critical; priority > Priority.Batch; priority--)
        {
            WorkloadSnapshot? worst = null;
            foreach (var workload in input.Near.On(book.Gpu))
            {
                if (workload.Policy.Priority != priority || evicted.ContainsKey(workload.Name) || input.Near.ShareOf(workload, book.Gpu)?.HiddenProcesses > 0)
                    continue;
                var unmet = Unmet(book, input, workload);
                free -= unmet;
                if (unmet > 0 && (worst is null || unmet > Unmet(book, input, worst)))
                    worst = workload;
            }
            if (worst is not null && free < 0)
                return new Starved(worst, -free);
        }
        return null;
    }

    private static void Evict(GpuBook book, RuleInput input, Starved starved, Result result)
    {
        var open = starved.Deficit;
        // Those evicted already are on their way out: what they still hold will come.
        foreach (var name in result.Out.Keys)
            open -= input.Near.Find(name) is { } leaving ? input.Near.ShareOf(leaving, book.Gpu)?.UsedBytes ?? 0 : 0;
        foreach (var (workload, used) in Victims(book, input, starved, result.Out))
        {
            if (open <= 0)
                return;
            if (Way(input, workload) is not { } limit)
                continue;
            result.Out[workload.Name] = new EvictedEntry(used, limit, starved.Workload.Name, input.Now, null);
            if (workload.Policy.Managed && !workload.Policy.Exempt)
                open -= used;
        }
        if (open > 0)
            result.Remarks.Add(new RuleRemark(Verdict.Refuse, starved.Workload.Name, book.Gpu, Lever.Stop, VramCapsReasons.NobodyMayYield.With(
                ("protected", starved.Workload.Name), ("deficit", ReasonValue.Bytes(open)), ("gpu", ReasonValue.Count(book.Gpu)))));
    }

    /// <summary>Lower priorities that hold more than they may count on: opted in first, lowest class first, then the largest.</summary>
    private static IEnumerable<(WorkloadSnapshot Workload, long Used)> Victims(
        GpuBook book, RuleInput input, Starved starved, Dictionary<string, EvictedEntry> evicted) =>
        from workload in input.Near.On(book.Gpu)
        where workload.Container.Runs && workload.Policy.Priority < starved.Workload.Policy.Priority && !evicted.ContainsKey(workload.Name)
        let used = input.Near.ShareOf(workload, book.Gpu)?.UsedBytes ?? 0
        where used > Math.Max(workload.Policy.GuaranteeBytes ?? 0, Bytes.LeastReserve)
        orderby workload.Policy.Managed && !workload.Policy.Exempt descending, workload.Policy.Priority, used descending, workload.Name
        select (workload, used);

    private static RunState? Way(RuleInput input, WorkloadSnapshot workload)
    {
        // Servers whose own endpoint gives VRAM back (vLLM: POST /sleep, SGLang: POST /release_memory_occupation); whether it does is Act's to find out.
        var sleeps = workload.LatencySource is "vllm" or "sglang"
            && !input.Snapshot.Act.Ineffective.Contains(new IneffectiveLever(workload.Name, Lever.Sleep));
        return sleeps ? RunState.Asleep : workload.Policy.Restart.Allowed ? RunState.Stopped : null;
    }

    private static Reason Why(GpuBook book, RuleInput input, string name, EvictedEntry entry)
    {
        var workload = input.Near.Find(name)!;
        var other = input.Near.Find(entry.For)!;
        var unmet = Unmet(book, input, other);
        var gpu = ReasonValue.Count(book.Gpu);
        return input.Near.ShareOf(workload, book.Gpu) is { } share && share.UsedBytes > Bytes.LeastReserve && unmet > book.Free
            ? VramCapsReasons.GivesUpMemory.With(("workload", name), ("used", ReasonValue.Bytes(share.UsedBytes)), ("gpu", gpu),
                ("protected", entry.For), ("deficit", ReasonValue.Bytes(unmet - book.Free)))
            : VramCapsReasons.StaysOut.With(("workload", name), ("gpu", gpu), ("need", ReasonValue.Bytes(Need(book, entry))),
                ("protected", entry.For), ("free", ReasonValue.Bytes(FreeBeside(book, input, workload))));
    }
}
