using Headroom.Model;

namespace Headroom.Observe.Gpus.NvidiaSmi;

internal static class SmiMemory
{
    /// <summary>Of a card or a MIG device. Free is what is left of the total: the four are rounded to MiB each and need not add up.
    /// Older drivers do not tell what is reserved and count it as used.</summary>
    public static Reading<GpuMemory> Read(SmiNode device, MonoTime at)
    {
        var total = SmiText.Count(device.TextOf("fb_memory_usage/total"), at);
        var used = SmiText.Count(device.TextOf("fb_memory_usage/used"), at);
        if (total.Known() is not { } totalBytes || used.Known() is not { } usedBytes)
            return new(total.State == ReadingState.Fresh ? used.State : total.State, null, at);
        var reservedBytes = SmiText.Count(device.TextOf("fb_memory_usage/reserved"), at).Known() ?? 0;
        return Reading.Fresh(new GpuMemory(totalBytes, reservedBytes, usedBytes, Math.Max(0, totalBytes - reservedBytes - usedBytes)), at);
    }
}
