using Headroom.Model;

namespace Headroom.Observe.Gpus.NvidiaSmi;

internal static class SmiThrottle
{
    /// <summary>A reason of a newer driver that NVML's known bits do not have: shown as <c>other</c>.</summary>
    private const ulong Other = 1UL << 63;

    /// <summary>Called <c>clocks_throttle_reasons</c> up to 530 and <c>clocks_event_reasons</c> since.</summary>
    public static Reading<ulong> Read(SmiNode gpu, MonoTime at)
    {
        var reasons = (gpu.Find("clocks_event_reasons") ?? gpu.Find("clocks_throttle_reasons"))?.Children ?? [];
        var (bits, told) = (0UL, false);
        foreach (var reason in reasons)
        {
            var active = SmiText.Flag(reason.Text, at);
            if (active.State == ReadingState.Failed)
                return Reading.Failed<ulong>(at);
            told |= active.Known() is not null;
            if (active.Known() == 1)
                bits |= Bit(reason.Name);
        }

        return told ? Reading.Fresh(bits, at) : Reading.Unsupported<ulong>(at);
    }

    private static ulong Bit(string name)
    {
        var at = name.IndexOf("_reason_", StringComparison.Ordinal);
        var reason = at < 0 ? name : name[(at + "_reason_".Length)..];
        // The one that nvidia-smi spells differently.
        var word = reason == "display_clocks_setting" ? "display_clock_setting" : reason;
        foreach (var (bit, known) in ThrottleReasons.All)
            if (known == word)
                return bit;
        return Other;
    }
}
