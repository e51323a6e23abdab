using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>Reads everything of one GPU. Remembers what this GPU does not have, and never asks for it again while the session lives.</summary>
internal sealed unsafe class NvmlDeviceReader : IDisposable
{
    private readonly NvmlSession _session;
    private readonly NvmlLibrary _nvml;
    private readonly nint _device;
    private readonly GpuIdentity _identity;
    private readonly TimeProvider _time;
    private readonly NvmlProcessReader _processes;
    private readonly NvmlGpmReader? _gpm;
    private readonly NvmlMigReader? _mig;
    private readonly Action<string, NvmlReturn> _fatal;
    private ulong _absent;
    private MonoTime _at;

    public NvmlDeviceReader(NvmlSession session, NvmlDevice device, TimeProvider time)
    {
        (_session, _nvml, _device, _time) = (session, session.Nvml, device.Handle, time);
        _identity = device.Identity!;
        _fatal = Fatal;
        _processes = new NvmlProcessReader(_nvml, _device);
        _gpm = NvmlGpmReader.TryCreate(_nvml, _device, gpuInstance: null);
        _mig = _identity.MigEnabled ? new NvmlMigReader(_nvml, _device) : null;
    }

    // One bit each in _absent.
    private enum Quantity
    {
        MemoryV2, Memory, Utilization, Encoder, Decoder, Watts, Limit, Energy, SmClock, MemoryClock, PerformanceState,
        TemperatureV, Temperature, Margin, Fan, Reasons, OldReasons,
        EccCorrected, EccUncorrected, EccCorrectedLife, EccUncorrectedLife, Remapped, Replays, PcieGeneration, PcieWidth,
        FieldMemoryTemperature, FieldPcieTransmit, FieldPcieReceive, FieldNvLinkTransmit, FieldNvLinkReceive, FieldRecovery,
    }

    /// <summary>One reading of everything. Throws <see cref="NvmlException"/> when the GPU or the session is lost.</summary>
    public GpuSample Read(IReadOnlyList<XidCount> xids)
    {
        _at = _time.Mono();
        var fields = ReadFields();
        var memory = ReadMemory(out var memoryCode);
        var failed = memory.State == ReadingState.Failed;
        return new GpuSample
        {
            Identity = _identity,
            // Every GPU tells its memory: one that has it and fails to is not well, whatever else it still answers.
            Health = failed ? GpuHealth.Failed : GpuHealth.Ok,
            HealthReason = failed ? _session.Error("its memory cannot be read", memoryCode).Message : null,
            At = _at,
            Memory = memory,
            Activity = ReadActivity(),
            Power = ReadPower(),
            Thermal = ReadThermal(fields.MemoryCelsius),
            Reliability = ReadReliability(fields.RecoveryAction) with { Xids = xids },
            Links = ReadLinks() with
            {
                PcieTransmitBytes = fields.PcieTransmit, PcieReceiveBytes = fields.PcieReceive,
                NvLinkTransmitBytes = fields.NvLinkTransmit, NvLinkReceiveBytes = fields.NvLinkReceive,
            },
            Processes = _processes.Read(_time.GetUtcNow(), _fatal),
            Mig = _mig?.Read(_at, _fatal) ?? [],
        };
    }

    public void Dispose()
    {
        _gpm?.Dispose();
        _mig?.Dispose();
    }

    private Reading<GpuMemory> ReadMemory(out NvmlReturn code)
    {
        code = NvmlReturn.NotSupported;
        if (!Off(Quantity.MemoryV2))
        {
            var v2 = new NvmlMemoryV2 { Version = NvmlMemoryV2.VersionWord };
            code = _nvml.DeviceGetMemoryInfo_v2(_device, &v2);
            var reading = Tell(Quantity.MemoryV2, code, new GpuMemory((long)v2.Total, (long)v2.Reserved, (long)v2.Used, (long)v2.Free));
            if (reading.State != ReadingState.Unsupported)
                return reading;
        }
        NvmlMemory v1;
        return Off(Quantity.Memory)
            ? Unsupported<GpuMemory>()
            : Tell(Quantity.Memory, code = _nvml.DeviceGetMemoryInfo(_device, &v1), new GpuMemory((long)v1.Total, 0, (long)v1.Used, (long)v1.Free));
    }

    private GpuActivity ReadActivity()
    {
        NvmlUtilization use = default;
        uint encoder, decoder, period;
        var gpu = Off(Quantity.Utilization)
            ? Unsupported<double>()
            : Tell(Quantity.Utilization, _nvml.DeviceGetUtilizationRates(_device, &use), use.Gpu / 100.0);
        return new GpuActivity
        {
            Utilization = gpu,
            MemoryUtilization = gpu.Value is null ? gpu : gpu with { Value = use.Memory / 100.0 },
            Encoder = Off(Quantity.Encoder)
                ? Unsupported<double>()
                : Tell(Quantity.Encoder, _nvml.DeviceGetEncoderUtilization(_device, &encoder, &period), encoder / 100.0),
            Decoder = Off(Quantity.Decoder)
                ? Unsupported<double>()
                : Tell(Quantity.Decoder, _nvml.DeviceGetDecoderUtilization(_device, &decoder, &period), decoder / 100.0),
            Gpm = _gpm?.Read(_at),
        };
    }

    private GpuPower ReadPower()
    {
        uint watts, limit, sm, memory;
        ulong energy;
        return new GpuPower
        {
            Watts = Off(Quantity.Watts) ? Unsupported<double>() : Tell(Quantity.Watts, _nvml.DeviceGetPowerUsage(_device, &watts), watts / 1000.0),
            LimitWatts = Off(Quantity.Limit)
                ? Unsupported<double>()
                : Tell(Quantity.Limit, _nvml.DeviceGetEnforcedPowerLimit(_device, &limit), limit / 1000.0),
            EnergyJoules = Off(Quantity.Energy)
                ? Unsupported<double>()
                : Tell(Quantity.Energy, _nvml.DeviceGetTotalEnergyConsumption(_device, &energy), energy / 1000.0),
            SmClockHertz = Off(Quantity.SmClock) ? Unsupported<double>() : Tell(Quantity.SmClock, _nvml.DeviceGetClockInfo(_device, 1, &sm), sm * 1e6),
            MemoryClockHertz = Off(Quantity.MemoryClock)
                ? Unsupported<double>()
                : Tell(Quantity.MemoryClock, _nvml.DeviceGetClockInfo(_device, 2, &memory), memory * 1e6),
            PerformanceState = ReadPerformanceState(),
        };
    }

    private Reading<int> ReadPerformanceState()
    {
        int state;
        var reading = Off(Quantity.PerformanceState)
            ? Unsupported<int>()
            : Tell(Quantity.PerformanceState, _nvml.DeviceGetPerformanceState(_device, &state), state);
        return reading.Value > 15 ? Reading.Failed<int>(_at) : reading; // 32 is NVML's "unknown"
    }

    private GpuThermal ReadThermal(Reading<double> memoryCelsius)
    {
        uint fan;
        var margin = new NvmlMarginTemperature { Version = NvmlMarginTemperature.VersionWord };
        return new GpuThermal
        {
            Celsius = ReadTemperature(),
            MemoryCelsius = memoryCelsius,
            MarginCelsius = Off(Quantity.Margin)
                ? Unsupported<double>()
                : Tell(Quantity.Margin, _nvml.DeviceGetMarginTemperature(_device, &margin), (double)margin.Margin),
            FanRatio = Off(Quantity.Fan) ? Unsupported<double>() : Tell(Quantity.Fan, _nvml.DeviceGetFanSpeed_v2(_device, 0, &fan), fan / 100.0),
            ThrottleReasonBits = ReadThrottleReasons(),
        };
    }

    private Reading<double> ReadTemperature()
    {
        if (!Off(Quantity.TemperatureV))
        {
            var v = new NvmlTemperatureV1 { Version = NvmlTemperatureV1.VersionWord };
            var reading = Tell(Quantity.TemperatureV, _nvml.DeviceGetTemperatureV(_device, &v), (double)v.Temperature);
            if (reading.State != ReadingState.Unsupported)
                return reading;
        }
        uint celsius;
        return Off(Quantity.Temperature)
            ? Unsupported<double>()
            : Tell(Quantity.Temperature, _nvml.DeviceGetTemperature(_device, 0, &celsius), (double)celsius);
    }

    // Renamed in 12.2; the bits are the same.
    private Reading<ulong> ReadThrottleReasons()
    {
        ulong bits;
        if (!Off(Quantity.Reasons))
        {
            var reading = Tell(Quantity.Reasons, _nvml.DeviceGetCurrentClocksEventReasons(_device, &bits), bits);
            if (reading.State != ReadingState.Unsupported)
                return reading;
        }
        return Off(Quantity.OldReasons)
            ? Unsupported<ulong>()
            : Tell(Quantity.OldReasons, _nvml.DeviceGetCurrentClocksThrottleReasons(_device, &bits), bits);
    }

    private GpuReliability ReadReliability(Reading<int> recoveryAction)
    {
        uint correctable = 0, uncorrectable = 0, pending = 0, failed = 0, replays;
        var rows = Off(Quantity.Remapped)
            ? Unsupported<long>()
            : Tell(Quantity.Remapped, _nvml.DeviceGetRemappedRows(_device, &correctable, &uncorrectable, &pending, &failed), (long)correctable);
        return new GpuReliability
        {
            EccCorrected = ReadEcc(Quantity.EccCorrected, errorType: 0, counterType: 0),
            EccUncorrected = ReadEcc(Quantity.EccUncorrected, errorType: 1, counterType: 0),
            EccCorrectedLifetime = ReadEcc(Quantity.EccCorrectedLife, errorType: 0, counterType: 1),
            EccUncorrectedLifetime = ReadEcc(Quantity.EccUncorrectedLife, errorType: 1, counterType: 1),
            RemappedRowsCorrectable = rows,
            RemappedRowsUncorrectable = rows.Value is null ? rows : rows with { Value = uncorrectable },
            RemapPending = new Reading<int>(rows.State, rows.Value is null ? null : (int)pending, _at),
            RemapFailed = new Reading<int>(rows.State, rows.Value is null ? null : (int)failed, _at),
            PcieReplays = Off(Quantity.Replays)
                ? Unsupported<long>()
                : Tell(Quantity.Replays, _nvml.DeviceGetPcieReplayCounter(_device, &replays), (long)replays),
            RecoveryAction = recoveryAction,
        };
    }

    private Reading<long> ReadEcc(Quantity quantity, int errorType, int counterType)
    {
        ulong count;
        return Off(quantity) ? Unsupported<long>() : Tell(quantity, _nvml.DeviceGetTotalEccErrors(_device, errorType, counterType, &count), (long)count);
    }

    private GpuLinks ReadLinks()
    {
        uint generation, width;
        return new GpuLinks
        {
            PcieGeneration = Off(Quantity.PcieGeneration)
                ? Unsupported<int>()
                : Tell(Quantity.PcieGeneration, _nvml.DeviceGetCurrPcieLinkGeneration(_device, &generation), (int)generation),
            PcieWidth = Off(Quantity.PcieWidth)
                ? Unsupported<int>()
                : Tell(Quantity.PcieWidth, _nvml.DeviceGetCurrPcieLinkWidth(_device, &width), (int)width),
        };
    }

    private readonly record struct Fields(
        Reading<double> MemoryCelsius, Reading<long> PcieTransmit, Reading<long> PcieReceive,
        Reading<long> NvLinkTransmit, Reading<long> NvLinkReceive, Reading<int> RecoveryAction);

    // One driver call for all fields. PCIe by its byte counters: nvmlDeviceGetPcieThroughput blocks for 20 ms a call.
    private Fields ReadFields()
    {
        const int Count = 6;
        var values = stackalloc NvmlFieldValue[Count]
        {
            new() { FieldId = NvmlFieldValue.MemoryTemperature },
            new() { FieldId = NvmlFieldValue.PcieTransmitBytes },
            new() { FieldId = NvmlFieldValue.PcieReceiveBytes },
            new() { FieldId = NvmlFieldValue.NvLinkTransmitKiB, ScopeId = NvmlFieldValue.AllLinks },
            new() { FieldId = NvmlFieldValue.NvLinkReceiveKiB, ScopeId = NvmlFieldValue.AllLinks },
            new() { FieldId = NvmlFieldValue.RecoveryAction },
        };
        var code = _nvml.DeviceGetFieldValues(_device, Count, values);
        NvmlReturn Code(int i) => code == NvmlReturn.Success ? values[i].Return : code;
        return new Fields(
            Tell(Quantity.FieldMemoryTemperature, Code(0), (double)values[0].AsLong()),
            Tell(Quantity.FieldPcieTransmit, Code(1), values[1].AsLong()),
            Tell(Quantity.FieldPcieReceive, Code(2), values[2].AsLong()),
            Tell(Quantity.FieldNvLinkTransmit, Code(3), values[3].AsLong() * 1024),
            Tell(Quantity.FieldNvLinkReceive, Code(4), values[4].AsLong() * 1024),
            Tell(Quantity.FieldRecovery, Code(5), (int)values[5].AsLong()));
    }

    private bool Off(Quantity quantity) => (_absent & (1UL << (int)quantity)) != 0;

    private Reading<T> Unsupported<T>() where T : struct => Reading.Unsupported<T>(_at);

    private Reading<T> Tell<T>(Quantity quantity, NvmlReturn code, T value) where T : struct
    {
        if (code == NvmlReturn.Success)
            return Reading.Fresh(value, _at);
        Fatal(quantity.ToString(), code);
        if (!code.IsUnsupported())
            return Reading.Failed<T>(_at);
        _absent |= 1UL << (int)quantity;
        return Unsupported<T>();
    }

    private void Fatal(string what, NvmlReturn code)
    {
        if (code.IsGpuLost() || code.IsSessionLost())
            throw _session.Error(what, code);
    }
}
