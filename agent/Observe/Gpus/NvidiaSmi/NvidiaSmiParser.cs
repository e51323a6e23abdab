using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using Headroom.Model;

namespace Headroom.Observe.Gpus.NvidiaSmi;

/// <summary>Reads the output of <c>nvidia-smi -q -x</c>: the fallback where the driver's library cannot be loaded.
/// Knows the names of drivers 470 to 590. Containers and per-process use are not in it; memory is rounded to MiB.</summary>
internal static partial class NvidiaSmiParser
{
    private const string Source = "nvidia-smi";

    /// <exception cref="FormatException">It is no such output; the message says what it is instead.</exception>
    public static GpuSweep Parse(string output, MonoTime at)
    {
        var root = Root(output);
        return new GpuSweep(
            new DriverInfo(Source, SmiText.Words(root.TextOf("driver_version")), NvmlVersion: null, SmiText.Words(root.TextOf("cuda_version"))),
            // In the order of the PCI bus, as NVML numbers them.
            [.. root.Children.Where(child => child.Name == "gpu").Select((gpu, index) => Gpu(gpu, index, at))]);
    }

    private static SmiNode Root(string output)
    {
        // Warnings in plain words (a corrupted infoROM) may stand before and behind it.
        var start = output.IndexOf("<?xml", StringComparison.Ordinal);
        if (start < 0)
            start = output.IndexOf("<nvidia_smi_log", StringComparison.Ordinal);
        if (start < 0)
        {
            // "No devices were found", "NVIDIA-SMI has failed because ...": whatever format was asked for.
            var words = output.AsSpan().Trim();
            var end = words.IndexOfAny('\r', '\n');
            throw new FormatException($"nvidia-smi -q -x gave no XML: {(words.IsEmpty ? "nothing" : end < 0 ? words : words[..end])}");
        }

        var root = ReadLeniently(output[start..]);
        return root.Name == "nvidia_smi_log" ? root : throw new FormatException($"nvidia-smi -q -x: the root is <{root.Name}>, expected <nvidia_smi_log>");
    }

    /// <summary>A process's name is the one thing in it that a stranger writes: one that breaks the XML must not hide every GPU.</summary>
    private static SmiNode ReadLeniently(string xml)
    {
        try
        {
            return SmiNode.Read(xml);
        }
        catch (XmlException broken)
        {
            try
            {
                return SmiNode.Read(ProcessNames().Replace(xml, ""));
            }
            catch (XmlException)
            {
                throw new FormatException($"nvidia-smi -q -x: {broken.Message}", broken);
            }
        }
    }

    private static GpuSample Gpu(SmiNode gpu, int index, MonoTime at)
    {
        var identity = Identity(gpu, index);
        if (Darkness(gpu) is var (health, reason))
            return GpuSample.Dark(identity, health, reason, at);
        return new GpuSample
        {
            Identity = identity,
            Health = GpuHealth.Ok,
            At = at,
            Memory = SmiMemory.Read(gpu, at),
            Activity = new GpuActivity
            {
                Utilization = Number("utilization/gpu_util"),
                MemoryUtilization = Number("utilization/memory_util"),
                Encoder = Number("utilization/encoder_util"),
                Decoder = Number("utilization/decoder_util"),
            },
            Power = Power(gpu, at),
            Thermal = new GpuThermal
            {
                Celsius = Number("temperature/gpu_temp"),
                MemoryCelsius = Number("temperature/memory_temp"),
                MarginCelsius = Number("temperature/gpu_temp_tlimit"),
                FanRatio = Number("fan_speed"),
                ThrottleReasonBits = SmiThrottle.Read(gpu, at),
            },
            Reliability = SmiReliability.Read(gpu, at),
            Links = new GpuLinks
            {
                // It tells rates of PCIe over 20 ms, no counters, and nothing of NVLink.
                PcieTransmitBytes = Reading.Unsupported<long>(at),
                PcieReceiveBytes = Reading.Unsupported<long>(at),
                PcieGeneration = SmiText.Small(gpu.TextOf("pci/pci_gpu_link_info/pcie_gen/current_link_gen"), at),
                PcieWidth = SmiText.Small(gpu.TextOf("pci/pci_gpu_link_info/link_widths/current_link_width"), at),
                NvLinkTransmitBytes = Reading.Unsupported<long>(at),
                NvLinkReceiveBytes = Reading.Unsupported<long>(at),
            },
            Processes = SmiProcesses.Read(gpu),
            Mig = SmiMig.Read(gpu, identity, at),
        };

        Reading<double> Number(string path) => SmiText.Number(gpu.TextOf(path), at);
    }

    private static GpuIdentity Identity(SmiNode gpu, int index)
    {
        var pci = SmiText.Words(gpu.Id) ?? SmiText.Words(gpu.TextOf("pci/pci_bus_id"));
        return new GpuIdentity(
            index,
            SmiText.Words(gpu.TextOf("uuid")) ?? pci ?? index.ToString(CultureInfo.InvariantCulture),
            SmiText.Words(gpu.TextOf("product_name")) ?? "unknown",
            pci,
            SmiText.Words(gpu.TextOf("product_architecture")),
            ComputeCapability: null,
            MigEnabled: gpu.TextOf("mig_mode/current_mig") == "Enabled");
    }

    /// <summary>A GPU that does not answer says so in place of every value.</summary>
    private static (GpuHealth Health, string Reason)? Darkness(SmiNode gpu)
    {
        string?[] vital = [gpu.TextOf("fb_memory_usage/total"), gpu.TextOf("uuid"), gpu.TextOf("temperature/gpu_temp"), gpu.TextOf("product_name")];
        if (vital.FirstOrDefault(SmiText.IsLost) is { } lost)
            return (GpuHealth.Lost, $"nvidia-smi: {lost}");
        return SmiText.IsError(vital[0]) ? (GpuHealth.Failed, $"nvidia-smi: memory: {vital[0]}") : null;
    }

    private static GpuPower Power(SmiNode gpu, MonoTime at)
    {
        // Named anew in version 12 of the format; later the draw was split into average and instant.
        var power = gpu.Find("gpu_power_readings") ?? gpu.Find("power_readings");
        return new GpuPower
        {
            Watts = Either("average_power_draw", "power_draw"),
            LimitWatts = Either("current_power_limit", "enforced_power_limit"),
            EnergyJoules = Reading.Unsupported<double>(at),
            SmClockHertz = SmiText.Number(gpu.TextOf("clocks/sm_clock"), at),
            MemoryClockHertz = SmiText.Number(gpu.TextOf("clocks/mem_clock"), at),
            PerformanceState = SmiText.Small(gpu.TextOf("performance_state")?.TrimStart('P'), at),
        };

        Reading<double> Either(string name, string older) => SmiText.Number(power?.TextOf(name) ?? power?.TextOf(older), at);
    }

    [GeneratedRegex("<process_name>.*?</process_name>", RegexOptions.Singleline)]
    private static partial Regex ProcessNames();
}
