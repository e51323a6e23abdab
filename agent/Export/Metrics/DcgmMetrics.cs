using System.Globalization;
using Headroom.Model;

namespace Headroom.Export.Metrics;

/// <summary>The same GPU readings under the names, labels and units of NVIDIA's dcgm-exporter (etc/default-counters.csv), for dashboards
/// that expect them: <c>--dcgm-names</c>.</summary>
internal static class DcgmMetrics
{
    private const double MiB = 1024 * 1024;
    private static readonly string[] Labels = ["gpu", "UUID", "pci_bus_id", "device", "modelName", "Hostname"];

    private static readonly IReadOnlyList<(MetricFamily Family, Func<GpuSample, double?> Value)> Table =
    [
        Gauge("DCGM_FI_DEV_GPU_UTIL", "Share of time with a kernel running, percent.", g => g.Activity.Utilization.Known() * 100),
        Gauge("DCGM_FI_DEV_MEM_COPY_UTIL", "Share of time with memory traffic, percent.", g => g.Activity.MemoryUtilization.Known() * 100),
        Gauge("DCGM_FI_DEV_ENC_UTIL", "Use of the video encoder, percent.", g => g.Activity.Encoder.Known() * 100),
        Gauge("DCGM_FI_DEV_DEC_UTIL", "Use of the video decoder, percent.", g => g.Activity.Decoder.Known() * 100),
        Gauge("DCGM_FI_DEV_FB_FREE", "Free memory, MiB.", g => g.Memory.Known()?.FreeBytes / MiB),
        Gauge("DCGM_FI_DEV_FB_USED", "Memory in use, MiB.", g => g.Memory.Known()?.UsedBytes / MiB),
        Gauge("DCGM_FI_DEV_FB_RESERVED", "Memory the driver keeps, MiB.", g => g.Memory.Known()?.ReservedBytes / MiB),
        Gauge("DCGM_FI_DEV_SM_CLOCK", "SM clock, MHz.", g => g.Power.SmClockHertz.Known() / 1e6),
        Gauge("DCGM_FI_DEV_MEM_CLOCK", "Memory clock, MHz.", g => g.Power.MemoryClockHertz.Known() / 1e6),
        Gauge("DCGM_FI_DEV_GPU_TEMP", "Temperature of the GPU, degrees Celsius.", g => g.Thermal.Celsius.Known()),
        Gauge("DCGM_FI_DEV_MEMORY_TEMP", "Temperature of the memory, degrees Celsius.", g => g.Thermal.MemoryCelsius.Known()),
        Gauge("DCGM_FI_DEV_POWER_USAGE", "Power drawn, watts.", g => g.Power.Watts.Known()),
        Counter("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Energy since the driver was loaded, millijoules.", g => g.Power.EnergyJoules.Known() * 1000),
        Counter("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "PCIe packets sent again.", g => g.Reliability.PcieReplays.Known()),
        Gauge("DCGM_FI_DEV_XID_ERRORS", "Number of the newest XID error, 0 for none.", g => g.Reliability.Xids.OrderBy(x => x.LastAt).LastOrDefault()?.Xid ?? 0),
        Counter("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "Rows replaced after correctable errors.", g => g.Reliability.RemappedRowsCorrectable.Known()),
        Counter("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "Rows replaced after uncorrectable errors.", g => g.Reliability.RemappedRowsUncorrectable.Known()),
        Gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", "1 when a row replacement failed.", g => g.Reliability.RemapFailed.Known()),
        Gauge("DCGM_FI_PROF_SM_ACTIVE", "Share of multiprocessors and time with work, 0..1.", g => g.Activity.Gpm?.SmActive.Known()),
        Gauge("DCGM_FI_PROF_SM_OCCUPANCY", "Warps in flight of those possible, 0..1.", g => g.Activity.Gpm?.SmOccupancy.Known()),
        Gauge("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "Use of the tensor cores, 0..1.", g => g.Activity.Gpm?.TensorActive.Known()),
        Gauge("DCGM_FI_PROF_DRAM_ACTIVE", "Use of the memory bandwidth, 0..1.", g => g.Activity.Gpm?.DramBandwidth.Known()),
    ];

    public static void Write(MetricPage page, NodeSnapshot snapshot)
    {
        foreach (var gpu in snapshot.Gpus.Where(g => g.Health == GpuHealth.Ok))
        {
            var index = gpu.Index.ToString(CultureInfo.InvariantCulture);
            string[] labels = [index, gpu.Identity.Uuid, gpu.Identity.PciBusId ?? "", $"nvidia{index}", gpu.Identity.Name, snapshot.Node];
            foreach (var (family, value) in Table)
                page.Set(family, value(gpu), labels);
        }
    }

    private static (MetricFamily, Func<GpuSample, double?>) Gauge(string name, string help, Func<GpuSample, double?> value) =>
        (new MetricFamily(MetricKind.Gauge, name, help, Labels), value);

    private static (MetricFamily, Func<GpuSample, double?>) Counter(string name, string help, Func<GpuSample, double?> value) =>
        (new MetricFamily(MetricKind.Counter, name, help, Labels), value);
}
