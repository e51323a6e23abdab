using System.Globalization;
using Headroom.Model;

namespace Headroom.Observe.Gpus.NvApi;

/// <summary>NVML's sweep with the gaps filled from NVAPI's: what NVML knows stays, whatever NVAPI says. Pure.</summary>
internal static class GpuMerge
{
    /// <param name="nvApi">Cards are matched by their PCI bus; one that only NVAPI sees comes last, under an index that NVML does not use.</param>
    public static GpuSweep Of(GpuSweep nvml, GpuSweep nvApi)
    {
        // Two cards of one bus number (PCI domains, which NVAPI does not tell) cannot be told apart: nothing is filled then.
        var others = nvApi.Gpus.GroupBy(g => Bus(g.Identity.PciBusId)).Where(g => g.Key is not null && g.Count() == 1).ToDictionary(g => g.Key!.Value, g => g.Single());
        var twice = nvml.Gpus.GroupBy(g => Bus(g.Identity.PciBusId)).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        var known = nvml.Gpus.Select(g => Bus(g.Identity.PciBusId)).ToHashSet();
        var filled = nvml.Gpus.Select(g => Bus(g.Identity.PciBusId) is { } bus && !twice.Contains(bus) && others.TryGetValue(bus, out var other) ? Fill(g, other) : g).ToList();
        var next = nvml.Gpus.Select(g => g.Index).DefaultIfEmpty(-1).Max() + 1;
        // A card whose bus NVML does not tell may be any of those left: better not shown than shown twice.
        var more = known.Contains(null) ? [] : others.Where(o => !known.Contains(o.Key)).OrderBy(o => o.Key).Select((o, i) => o.Value with { Identity = o.Value.Identity with { Index = next + i } });
        return new GpuSweep(nvml.Driver with { Source = $"{nvml.Driver.Source}+{nvApi.Driver.Source}" }, [.. filled, .. more]);
    }

    // What does not answer NVML is told as such: numbers of another library would make it look alive.
    private static GpuSample Fill(GpuSample nvml, GpuSample nvApi) => nvml.Health != GpuHealth.Ok ? nvml : nvml with
    {
        Memory = Or(nvml.Memory, nvApi.Memory),
        Activity = nvml.Activity with
        {
            Utilization = Or(nvml.Activity.Utilization, nvApi.Activity.Utilization),
            MemoryUtilization = Or(nvml.Activity.MemoryUtilization, nvApi.Activity.MemoryUtilization),
        },
        Power = nvml.Power with
        {
            SmClockHertz = Or(nvml.Power.SmClockHertz, nvApi.Power.SmClockHertz),
            MemoryClockHertz = Or(nvml.Power.MemoryClockHertz, nvApi.Power.MemoryClockHertz),
            PerformanceState = Or(nvml.Power.PerformanceState, nvApi.Power.PerformanceState),
        },
        Thermal = nvml.Thermal with
        {
            Celsius = Or(nvml.Thermal.Celsius, nvApi.Thermal.Celsius),
            MemoryCelsius = Or(nvml.Thermal.MemoryCelsius, nvApi.Thermal.MemoryCelsius),
            FanRatio = Or(nvml.Thermal.FanRatio, nvApi.Thermal.FanRatio),
        },
        Links = nvml.Links with { PcieWidth = Or(nvml.Links.PcieWidth, nvApi.Links.PcieWidth) },
        Processes = nvml.Processes ?? nvApi.Processes,
    };

    private static Reading<T> Or<T>(Reading<T> first, Reading<T> second) where T : struct => !Holds(first) && Holds(second) ? second : first;

    private static bool Holds<T>(Reading<T> reading) where T : struct => reading.State is ReadingState.Fresh or ReadingState.Idle;

    /// <summary>The bus of <c>00000000:41:00.0</c>, 0x41.</summary>
    private static int? Bus(string? pci) => pci?.Split(':') is [_, var bus, _] && int.TryParse(bus, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number) ? number : null;
}
