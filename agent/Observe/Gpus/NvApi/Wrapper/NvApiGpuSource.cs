using System.Globalization;
using Headroom.Model;
using Microsoft.Extensions.Logging;
using NvAPIWrapper.GPU;
using NvAPIWrapper.Native.Exceptions;
using NvAPIWrapper.Native.General;
using NvAPIWrapper.Native.GPU;
using NvAPIWrapper.Native.GPU.Structures;

namespace Headroom.Observe.Gpus.NvApi.Wrapper;

/// <summary>Reads GPUs through NVAPI by NvAPIWrapper.Net: what a Windows desktop driver (WDDM) tells there and not to NVML. Compiled with -p:NvApi=true. Never run yet: docs/windows.md.</summary>
internal sealed partial class NvApiGpuSource(TimeProvider time, ILogger<NvApiGpuSource> log) : IGpuSource
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly LatestCell<GpuSweep> _latest = new();
    private readonly HashSet<string> _told = [];
    private bool _initialized;

    public Latest<GpuSweep> Latest => _latest.Value;

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                // Off this thread: a driver that hangs may hang its own sweep, not the agent's start or end.
                await Task.Run(Sweep, stop).WaitAsync(stop);
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
            if (!_initialized)
                NvAPIWrapper.NVIDIA.Initialize();
            _initialized = true;
            // Cards of the compute driver (TCC) are in a list of their own, which not every driver has.
            var gpus = Try("the list of cards", PhysicalGPU.GetPhysicalGPUs).Concat(Try("the list of TCC cards", PhysicalGPU.GetTCCPhysicalGPUs))
                .SelectMany(gpu => Try("a card's bus and name", () => new[] { (Gpu: gpu, Bus: gpu.BusInformation.BusId, Name: gpu.FullName) }))
                .DistinctBy(g => g.Bus).OrderBy(g => g.Bus).ToList();
            var sweep = new GpuSweep(new DriverInfo("nvapi", null, null, null), [.. gpus.Select((g, i) => Sample(g.Gpu, i, g.Bus, g.Name, time.Mono()))]);
            _latest.Value = _latest.Value.Success(sweep, started, time.Mono());
        }
        catch (Exception e) when (IsNvApis(e))
        {
            var error = $"NVAPI: {Words(e)}";
            if (_latest.Value.Error != error)
                LogFailed(log, Words(e));
            _latest.Value = _latest.Value.Failure(error, started, time.Mono());
        }
    }

    /// <summary>What cannot be listed is told once and missing: the other cards go on.</summary>
    private T[] Try<T>(string what, Func<T[]> list)
    {
        try
        {
            return list();
        }
        catch (Exception e) when (IsNvApis(e))
        {
            if (_told.Add(what))
                LogUnread(log, what, Words(e));
            return [];
        }
    }

    private GpuSample Sample(PhysicalGPU gpu, int index, int busId, string name, MonoTime at)
    {
        var bus = string.Create(CultureInfo.InvariantCulture, $"00000000:{busId:X2}:00.0");
        Reading<T> Read<T>(string what, Func<T?> read) where T : struct => this.Read($"{bus} {what}", at, read);
        double? Degrees(ThermalSettingsTarget target) => gpu.ThermalInformation.ThermalSensors.Where(s => s.Target == target && s.CurrentTemperature > 0).Select(s => (double?)s.CurrentTemperature).Max();
        return new GpuSample
        {
            // NVAPI has no UUID; the place of the card is the next best name.
            Identity = new GpuIdentity(index, $"PCI-{bus}", name, bus, null, null, false),
            Health = GpuHealth.Ok,
            At = at,
            Memory = Read("memory", () => (GpuMemory?)Memory(gpu.MemoryInformation.DedicatedVideoMemoryInkB * 1024L, gpu.MemoryInformation.CurrentAvailableDedicatedVideoMemoryInkB * 1024L)),
            Activity = new GpuActivity
            {
                Utilization = Read("utilization", () => Ratio(gpu.UsageInformation.GPU?.Percentage)),
                MemoryUtilization = Read("memory utilization", () => Ratio(gpu.UsageInformation.FrameBuffer?.Percentage)),
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
                FanRatio = Read("fan", () => gpu.CoolerInformation.Coolers.Select(c => Ratio(c.CurrentLevel)).Max()),
            },
            Links = new GpuLinks { PcieWidth = Read("PCIe width", () => gpu.BusInformation.CurrentPCIeLanes is > 0 and var lanes ? lanes : (int?)null) },
        };
    }

    private static GpuMemory Memory(long total, long free) => new(total, 0, total - free, free);

    private static double? Ratio(int? percent) => percent is >= 0 and <= 100 ? percent / 100.0 : null;

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
                LogUnread(log, what, Words(e));
            return e is NVIDIANotSupportedException or NVIDIAApiException { Status: Status.NotSupported } ? Reading.Unsupported<T>(at) : Reading.Failed<T>(at);
        }
    }

    // The message of such an exception is one more call into the driver.
    private static string Words(Exception e) => e is NVIDIAApiException failed ? failed.Status.ToString() : e.Message;

    // No driver, no library or an export that this driver lacks.
    private static bool IsNvApis(Exception e) => e is NVIDIAApiException or NVIDIANotSupportedException or DllNotFoundException or EntryPointNotFoundException or NotSupportedException or InvalidOperationException;

    [LoggerMessage(1113, LogLevel.Warning, "NVAPI: {Error}")]
    private static partial void LogFailed(ILogger log, string error);

    [LoggerMessage(1114, LogLevel.Information, "NVAPI does not tell {What}: {Error}")]
    private static partial void LogUnread(ILogger log, string what, string error);
}
