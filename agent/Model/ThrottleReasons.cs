namespace Headroom.Model;

/// <summary>Why a GPU runs its clocks lower than it could: NVML's clocks event reasons
/// (nvml.h, <c>nvmlClocksEventReason*</c>). Bits that newer drivers add are told as <c>other</c>.</summary>
internal static class ThrottleReasons
{
    public static readonly IReadOnlyList<(ulong Bit, string Name)> All =
    [
        (0x1, "gpu_idle"),
        (0x2, "applications_clocks_setting"),
        (0x4, "sw_power_cap"),
        (0x8, "hw_slowdown"),
        (0x10, "sync_boost"),
        (0x20, "sw_thermal_slowdown"),
        (0x40, "hw_thermal_slowdown"),
        (0x80, "hw_power_brake_slowdown"),
        (0x100, "display_clock_setting"),
    ];

    private static readonly ulong KnownBits = All.Aggregate(0UL, (bits, reason) => bits | reason.Bit);

    public static bool HasOther(ulong bits) => (bits & ~KnownBits) != 0;

    /// <summary>Names of the set bits; idle and user settings are no throttling but are named too.</summary>
    public static IEnumerable<string> Names(ulong bits)
    {
        foreach (var (bit, name) in All)
            if ((bits & bit) != 0)
                yield return name;
        if (HasOther(bits))
            yield return "other";
    }
}
