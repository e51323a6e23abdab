using System.Globalization;
using Headroom.Model;
using Microsoft.Extensions.Logging;
using NvAPIWrapper.GPU;
using NvAPIWrapper.Native.Exceptions;
using NvAPIWrapper.Native.GPU;
using NvAPIWrapper.Native.GPU.Structures;

namespace Headroom.Observe.Gpus.NvApi.Wrapper;

/// <summary>Reads GPUs through NVAPI by NvAPIWrapper.Net: what a Windows desktop driver (WDDM) tells there and not to NVML. Compiled with -p:NvApi=true. Never run yet: docs/windows.md.</summary>
internal sealed partial class NvApiGpuSource(TimeProvider time, ILogger<NvApiGpuSource> log) : IGpuSource
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly LatestCell<GpuSweep> _latest = new();
    private readonly HashSet<string> _told = [];

    public Latest<GpuSweep> Latest => _latest.Value;

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                Sweep();
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // asked to stop
        }
    }

    private void Sweep()
    {
        var started = time.Mono();
        try
        {
            // Cards of the compute driver (TCC) are in a list of their own.
            var gpus = Cards(PhysicalGPU.GetPhysicalGPUs).Concat(Cards(PhysicalGPU.GetTCCPhysicalGPUs)).DistinctBy(g => g.BusInformation.BusId).OrderBy(g => g.BusInformation.BusId).ToList();
            var sweep = new GpuSweep(new DriverInfo("nvapi", null, null, null), [.. gpus.Select((g, i) => Sample(g, i, time.Mono()))]);
            _latest.Value = _latest.Value.Success(sweep, started, time.Mono());
        }
        catch (Exception e) when (IsNvApis(e))
        {
            if (_latest.Value.Error != e.Message)
                LogFailed(log, e.Message);
            _latest.Value = _latest.Value.Failure($"NVAPI: {e.Message}", started, time.Mono());
        }
    }

    private static PhysicalGPU[] Cards(Func<PhysicalGPU[]> list)
    {
        try
        {
            return list();
        }
        catch (NVIDIAApiException e) when (e.Status == NvAPIWrapper.Native.General.Status.NvidiaDeviceNotFound)
        {
            return [];
        }
    }

    private GpuSample Sample(PhysicalGPU gpu, int index, MonoTime at)
    {
        var bus = string.Create(CultureInfo.InvariantCulture, $"00000000:{gpu.BusInformation.BusId:X2}:00.0");
        Reading<T> Read<T>(string what, Func<T?> read) where T : struct => this.Read($"{bus} {what}", at, read);
        double? Degrees(ThermalSettingsTarget target) => gpu.ThermalInformation.ThermalSensors.Where(s => s.Target == target).Select(s => (double?)s.CurrentTemperature).Max();
        return new GpuSample
        {
            // NVAPI has no UUID; the place of the card is the next best name.
            Identity = new GpuIdentity(index, $"PCI-{bus}", gpu.FullName, bus, null, null, false),
            Health = GpuHealth.Ok,
            At = at,
            Memory = Read("memory", () => (GpuMemory?)Memory(gpu.MemoryInformation.DedicatedVideoMemoryInkB * 1024L, gpu.MemoryInformation.CurrentAvailableDedicatedVideoMemoryInkB * 1024L)),
            Activity = new GpuActivity
            {
                Utilization = Read("utilization", () => gpu.UsageInformation.GPU?.Percentage / 100.0),
                MemoryUtilization = Read("memory utilization", () => gpu.UsageInformation.FrameBuffer?.Percentage / 100.0),
            },
            Power = new GpuPower
            {
                SmClockHertz = Read("clock", () => Hertz(gpu.CurrentClockFrequencies.GraphicsClock)),
                MemoryClockHertz = Read("memory clock", () => Hertz(gpu.CurrentClockFrequencies.MemoryClock)),
                PerformanceState = Read("performance state", () => (int)gpu.PerformanceStatesInfo.CurrentPerformanceState.StateId is >= 0 and <= 15 and var state ? state : (int?)null),
            },
            Thermal = new GpuThermal
            {
                Celsius = Read("temperature", () => Degrees(ThermalSettingsTarget.GPU)),
                MemoryCelsius = Read("memory temperature", () => Degrees(ThermalSettingsTarget.Memory)),
                FanRatio = Read("fan", () => gpu.CoolerInformation.Coolers.Select(c => (double?)c.CurrentLevel / 100).Max()),
            },
            Links = new GpuLinks { PcieWidth = Read("PCIe width", () => (int?)gpu.BusInformation.CurrentPCIeLanes) },
        };
    }

    private static GpuMemory Memory(long total, long free) => new(total, 0, total - free, free);

    private static double? Hertz(ClockDomainInfo clock) => clock.IsPresent ? clock.Frequency * 1000.0 : null;

    /// <summary>One reading; one that this card or driver does not have is told once and then quietly unknown.</summary>
    private Reading<T> Read<T>(string what, MonoTime at, Func<T?> read) where T : struct
    {
        try
        {
            return read() is { } value ? Reading.Fresh(value, at) : Reading.Unsupported<T>(at);
        }
        catch (Exception e) when (IsNvApis(e))
        {
            if (_told.Add(what))
                LogUnread(log, what, e.Message);
            return e is NVIDIANotSupportedException ? Reading.Unsupported<T>(at) : Reading.Failed<T>(at);
        }
    }

    // No driver, no library or an export that this driver lacks.
    private static bool IsNvApis(Exception e) => e is NVIDIAApiException or NVIDIANotSupportedException or DllNotFoundException or EntryPointNotFoundException or NotSupportedException or InvalidOperationException;

    [LoggerMessage(1113, LogLevel.Warning, "NVAPI: {Error}")]
    private static partial void LogFailed(ILogger log, string error);

    [LoggerMessage(1114, LogLevel.Information, "NVAPI does not tell {What}: {Error}")]
    private static partial void LogUnread(ILogger log, string what, string error);
}
