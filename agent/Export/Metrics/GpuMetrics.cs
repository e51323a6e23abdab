using System.Globalization;
using Headroom.Model;
using static Headroom.Export.Metrics.MetricTable;

namespace Headroom.Export.Metrics;

/// <summary>GPUs of a snapshot -> series.</summary>
internal static class GpuMetrics
{
    public static void Write(MetricPage page, NodeSnapshot snapshot)
    {
        if (snapshot.Driver is { } driver)
            page.Set(Driver, 1, driver.Source, driver.DriverVersion ?? "", driver.NvmlVersion ?? "", driver.CudaVersion ?? "");
        foreach (var gpu in snapshot.Gpus)
            WriteGpu(page, gpu);
        foreach (var attribution in snapshot.Attribution)
        {
            var index = Text(attribution.Gpu);
            page.Set(GpuMemoryUnattributed, attribution.UnattributedBytes, index);
            page.Set(GpuMemoryScaled, attribution.Scaled, index);
        }
    }

    private static void WriteGpu(MetricPage page, GpuSample gpu)
    {
        var index = Text(gpu.Index);
        var id = gpu.Identity;
        page.Set(GpuInfo, 1, index, id.Uuid, id.Name, id.PciBusId ?? "", id.Architecture ?? "", id.ComputeCapability ?? "", id.MigEnabled ? "true" : "false");
        page.Set(GpuUp, gpu.Health == GpuHealth.Ok, index);
        foreach (var state in Enum.GetValues<GpuHealth>())
            page.Set(GpuState, gpu.Health == state, index, state.Word());
        if (gpu.Memory.Known() is { } memory)
        {
            page.Set(GpuMemorySize, memory.TotalBytes, index);
            page.Set(GpuMemoryReserved, memory.ReservedBytes, index);
            page.Set(GpuMemoryUsed, memory.UsedBytes, index);
            page.Set(GpuMemoryFree, memory.FreeBytes, index);
        }
        WriteActivity(page, gpu.Activity, index);
        WritePower(page, gpu.Power, gpu.Thermal, index);
        WriteReliability(page, gpu.Reliability, index);
        WriteLinks(page, gpu.Links, index);
        foreach (var mig in gpu.Mig)
            WriteMig(page, mig, index);
    }

    private static void WriteActivity(MetricPage page, GpuActivity activity, string gpu)
    {
        page.Set(GpuUtilization, activity.Utilization.Known(), gpu);
        page.Set(GpuMemoryUtilization, activity.MemoryUtilization.Known(), gpu);
        page.Set(GpuEncoder, activity.Encoder.Known(), gpu);
        page.Set(GpuDecoder, activity.Decoder.Known(), gpu);
        page.Set(GpuSmActive, activity.Gpm?.SmActive.Known(), gpu);
        page.Set(GpuSmOccupancy, activity.Gpm?.SmOccupancy.Known(), gpu);
        page.Set(GpuTensorActive, activity.Gpm?.TensorActive.Known(), gpu);
        page.Set(GpuDramBandwidth, activity.Gpm?.DramBandwidth.Known(), gpu);
        page.Set(GpuContextSwitch, activity.Gpm?.ContextSwitch.Known(), gpu);
    }

    private static void WritePower(MetricPage page, GpuPower power, GpuThermal thermal, string gpu)
    {
        page.Set(GpuPowerDraw, power.Watts.Known(), gpu);
        page.Set(GpuPowerLimit, power.LimitWatts.Known(), gpu);
        page.Set(GpuEnergy, power.EnergyJoules.Known(), gpu);
        page.Set(GpuClock, power.SmClockHertz.Known(), gpu, "sm");
        page.Set(GpuClock, power.MemoryClockHertz.Known(), gpu, "memory");
        page.Set(GpuPerformanceState, power.PerformanceState.Known(), gpu);
        page.Set(GpuTemperature, thermal.Celsius.Known(), gpu);
        page.Set(GpuMemoryTemperature, thermal.MemoryCelsius.Known(), gpu);
        page.Set(GpuTemperatureMargin, thermal.MarginCelsius.Known(), gpu);
        page.Set(GpuFan, thermal.FanRatio.Known(), gpu);
        if (thermal.ThrottleReasonBits.Known() is not { } bits)
            return;
        foreach (var (bit, name) in ThrottleReasons.All)
            page.Set(GpuThrottled, (bits & bit) != 0, gpu, name);
        page.Set(GpuThrottled, ThrottleReasons.HasOther(bits), gpu, "other");
    }

    private static void WriteReliability(MetricPage page, GpuReliability reliability, string gpu)
    {
        page.Set(GpuEccCorrected, reliability.EccCorrected.Known(), gpu);
        page.Set(GpuEccUncorrected, reliability.EccUncorrected.Known(), gpu);
        page.Set(GpuEccCorrectedLife, reliability.EccCorrectedLifetime.Known(), gpu);
        page.Set(GpuEccUncorrectedLife, reliability.EccUncorrectedLifetime.Known(), gpu);
        page.Set(GpuRemappedRows, reliability.RemappedRowsCorrectable.Known(), gpu, "correctable");
        page.Set(GpuRemappedRows, reliability.RemappedRowsUncorrectable.Known(), gpu, "uncorrectable");
        page.Set(GpuRemapPending, reliability.RemapPending.Known(), gpu);
        page.Set(GpuRemapFailed, reliability.RemapFailed.Known(), gpu);
        page.Set(GpuRecoveryAction, reliability.RecoveryAction.Known(), gpu);
        page.Set(GpuPcieReplays, reliability.PcieReplays.Known(), gpu);
        foreach (var xid in reliability.Xids)
        {
            page.Set(GpuXid, xid.Count, gpu, Text(xid.Xid));
            page.Set(GpuXidLast, Seconds(xid.LastAt), gpu, Text(xid.Xid));
        }
    }

    private static void WriteLinks(MetricPage page, GpuLinks links, string gpu)
    {
        page.Set(GpuPcieTransmit, links.PcieTransmitBytes.Known(), gpu);
        page.Set(GpuPcieReceive, links.PcieReceiveBytes.Known(), gpu);
        page.Set(GpuPcieGeneration, links.PcieGeneration.Known(), gpu);
        page.Set(GpuPcieWidth, links.PcieWidth.Known(), gpu);
        page.Set(GpuNvLinkTransmit, links.NvLinkTransmitBytes.Known(), gpu);
        page.Set(GpuNvLinkReceive, links.NvLinkReceiveBytes.Known(), gpu);
    }

    private static void WriteMig(MetricPage page, MigInstance mig, string gpu)
    {
        var index = Text(mig.Index);
        page.Set(
            MigInfo, 1, gpu, index, mig.Uuid, Text(mig.GpuInstanceId), mig.ComputeInstanceId is { } c ? Text(c) : "", mig.Slices is { } s ? Text(s) : "");
        page.Set(MigMemorySize, mig.Memory.Known()?.TotalBytes, gpu, index);
        page.Set(MigMemoryUsed, mig.Memory.Known()?.UsedBytes, gpu, index);
        page.Set(MigSmActive, mig.Gpm?.SmActive.Known(), gpu, index);
    }

    internal static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    internal static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;
}
