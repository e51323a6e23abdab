using Headroom.Model;
using Headroom.Pages;

namespace Headroom.Observe.Ledger;

/// <summary>Pages as the model tells them: by NVML index, in bytes, without what can't be true. Pure.</summary>
internal static class MemoryBooks
{
    /// <summary>More than any card has: 1 PiB.</summary>
    private const ulong Most = 1ul << 50;

    /// <param name="gpus">Their UUIDs tell which entry is which.</param>
    public static IReadOnlyList<MemoryBook> Of(LedgerSweep sweep, IReadOnlyList<GpuIdentity> gpus)
    {
        if (sweep.Containers.Count == 0)
            return [];
        var byKey = new Dictionary<ulong, int>();
        foreach (var gpu in gpus)
            if (PageLayout.GpuKey(gpu.Uuid) is { } key)
                byKey[key] = gpu.Index;
        var books = new List<MemoryBook>();
        foreach (var ledger in sweep.Containers)
            foreach (var gpu in ledger.Replica?.Gpus ?? [])
                if (byKey.TryGetValue(gpu.Key, out var index) && Book(ledger, gpu, index) is { } book)
                    books.Add(book);
        return books;
    }

    /// <summary>What its processes told within the last minute, added up; null where none did.</summary>
    /// <param name="bootNanoseconds">Now.</param>
    public static FrameworkMemory? FrameworkOf(PageReplica replica, ulong bootNanoseconds)
    {
        FrameworkMemory? all = null;
        foreach (var slot in replica.Slots)
        {
            var words = slot.Framework;
            if (!slot.IsReady || words[5] is 0 || words[5] > bootNanoseconds || words.Take(5).Any(w => w > Most))
                continue;
            var age = TimeSpan.FromTicks((long)((bootNanoseconds - words[5]) / 100));
            if (age > TimeSpan.FromMinutes(1))
                continue;
            all = new FrameworkMemory(
                (all?.AllocatedBytes ?? 0) + (long)words[0], (all?.ReservedBytes ?? 0) + (long)words[1], (all?.InactiveSplitBytes ?? 0) + (long)words[2],
                (all?.Retries ?? 0) + (long)words[3], (all?.Ooms ?? 0) + (long)words[4], all is null || age > all.Age ? age : all.Age);
        }
        return all;
    }

    private static MemoryBook? Book(ContainerLedger ledger, PageGpu gpu, int index)
    {
        var sum = new MemoryBook(
            ledger.InstanceId, index, 0, default, 0, 0, 0, gpu.IsWhole && gpu.Cap is not (PageLayout.CapUnset or >= Most) ? (long)gpu.Cap : null,
            gpu.Overhead <= Most ? (long)gpu.Overhead : 0, 0, 0, 0, 0, 0);
        foreach (var slot in ledger.Replica!.Slots)
        {
            if (!slot.IsReady)
                continue;
            var b = slot.Books[gpu.Index];
            if (!IsPlausible(b))
                return null;
            var k = sum.Kinds;
            sum = sum with
            {
                UsedBytes = sum.UsedBytes + (long)b.Used,
                Kinds = new MemoryKinds(
                    k.Plain + (long)b.Plain, k.Pitch + (long)b.Pitch, k.Managed + (long)b.Managed, k.Pool + (long)b.Pool, k.Virtual + (long)b.Virtual, k.Array + (long)b.Array, k.Graph + (long)b.Graph),
                Calls = sum.Calls + (long)(b.Allocations + b.Frees),
                Segments = sum.Segments + (long)b.Segments,
                HighWaterBytes = sum.HighWaterBytes + (long)b.HighWater,
                Refused = sum.Refused + (long)b.Refused,
                RefusedByDriver = sum.RefusedByDriver + (long)b.RefusedByDriver,
                RefusedWhileFree = sum.RefusedWhileFree + (long)b.RefusedWhileFree,
                LastRefusedBytes = Math.Max(sum.LastRefusedBytes, (long)b.LastRefused),
                Processes = sum.Processes + 1,
            };
        }
        return sum;
    }

    private static bool IsPlausible(PageBook b)
    {
        ReadOnlySpan<ulong> words = [b.Used, b.Plain, b.Pitch, b.Managed, b.Pool, b.Virtual, b.Array, b.Graph, b.Segments, b.HighWater, b.Allocations, b.Frees, b.Refused, b.RefusedByDriver, b.RefusedWhileFree, b.LastRefused];
        foreach (var word in words)
            if (word > Most)
                return false;
        return true;
    }
}
