using System.Globalization;
using Headroom.Model;

namespace Headroom.Cli.Status;

/// <summary>What is wrong with a GPU, in words. Markup.</summary>
internal static class GpuRemarks
{
    // A power cap is how a busy card works; these mean that something is too hot or too weak (nvml.h, nvmlClocksEventReason*).
    private static readonly IReadOnlyList<string> Sick = ["hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown"];

    public static IEnumerable<string> Of(GpuSample gpu) => Words(gpu).Select(words => $"[bold]GPU {gpu.Index}[/]: {Terminal.Safe(words)}");

    private static IEnumerable<string> Words(GpuSample gpu)
    {
        if (gpu.Health != GpuHealth.Ok)
            yield return $"{gpu.Health.Word()}: {gpu.HealthReason ?? "no reason is known"}";
        var throttled = ThrottleReasons.Names(gpu.Thermal.ThrottleReasonBits.Known() ?? 0).Where(Sick.Contains).ToList();
        if (throttled.Count > 0)
            yield return $"runs slower than it could: {string.Join(", ", throttled)}";
        var reliability = gpu.Reliability;
        if (reliability.RecoveryAction.Known() is { } action and not 0)
            yield return $"the driver recommends: {RecoveryAction.Words(action)}";
        if (reliability.RemapFailed.Known() > 0)
            yield return "a row of its memory could not be remapped: the card should be replaced";
        if (reliability.RemapPending.Known() > 0)
            yield return "a remapped row of its memory waits for a reset of the GPU";
        if (reliability.EccUncorrected.Known() is { } errors and > 0)
            yield return $"{errors} uncorrected memory errors since the driver was loaded";
        if (gpu.Health == GpuHealth.Ok && gpu.Processes is null)
            yield return "the driver does not tell its processes: who holds its memory is unknown";
        foreach (var xid in reliability.Xids)
            yield return string.Create(CultureInfo.InvariantCulture, $"XID {xid.Xid}, {xid.Count} times, last at {xid.LastAt:yyyy-MM-dd HH:mm:ss}Z");
    }
}
