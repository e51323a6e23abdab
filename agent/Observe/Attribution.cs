using Headroom.Model;

namespace Headroom.Observe;

/// <summary>Who holds each GPU's memory. Pure: a sweep and the names of containers -> parts that always sum to what the card says.</summary>
internal static class Attribution
{
    /// <param name="names">Container id to workload name; a container not in it is told by its short id.</param>
    public static IReadOnlyList<GpuAttribution> Of(IReadOnlyList<GpuSample> gpus, IReadOnlyDictionary<string, string> names) =>
        [.. gpus.Where(g => g.Memory.Known() is not null && g.Processes is not null).Select(g => Of(g, g.Memory.Known()!.Value.UsedBytes, names))];

    private static GpuAttribution Of(GpuSample gpu, long used, IReadOnlyDictionary<string, string> names)
    {
        var byContainer = gpu.Processes!.Where(p => p.ContainerId is not null).GroupBy(p => p.ContainerId!).ToList();
        var shares = new List<GpuShare>(byContainer.Count);
        foreach (var group in byContainer)
        {
            var name = names.GetValueOrDefault(group.Key) ?? WorkloadId.Short(group.Key);
            shares.Add(new GpuShare(
                name, group.Key, group.Sum(p => p.UsedBytes ?? 0), SmUse(group, gpu.At), group.Count(), group.Count(p => p.UsedBytes is null)));
        }
        shares.Sort((a, b) => string.CompareOrdinal(a.Workload, b.Workload));
        var claimed = shares.Sum(s => s.UsedBytes);
        // Memory and processes are read a moment apart: an allocation in between can make the parts exceed the whole.
        var scaled = claimed > used;
        if (scaled)
            ScaleTo(used, shares, claimed);
        var strangers = gpu.Processes!.Where(p => p.ContainerId is null).OrderByDescending(p => p.UsedBytes ?? 0).ToList();
        return new GpuAttribution(gpu.Index, used, shares, used - shares.Sum(s => s.UsedBytes), scaled, strangers);
    }

    // Where the driver tells no use at all there is none to sum; a process without a sample ran nothing and counts 0.
    private static Reading<double> SmUse(IEnumerable<GpuProcess> processes, MonoTime at)
    {
        double sum = 0;
        foreach (var process in processes)
        {
            if (process.Use is not { } use)
                return Reading.Unsupported<double>(at);
            sum += use.Sm;
        }
        return sum > 0 ? Reading.Fresh(sum, at) : Reading.Idle(0.0, at);
    }

    // Proportionally, rounded down, the remainder to the largest: the sum is exact.
    private static void ScaleTo(long used, List<GpuShare> shares, long claimed)
    {
        var given = 0L;
        var largest = 0;
        for (var i = 0; i < shares.Count; i++)
        {
            if (shares[i].UsedBytes > shares[largest].UsedBytes)
                largest = i;
            var part = (long)((Int128)shares[i].UsedBytes * used / claimed);
            shares[i] = shares[i] with { UsedBytes = part };
            given += part;
        }
        shares[largest] = shares[largest] with { UsedBytes = shares[largest].UsedBytes + used - given };
    }
}
