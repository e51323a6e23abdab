using Headroom.Interop.Nvml;

namespace Headroom.Benchmarks.Budgets;

/// <summary>The calls of one sweep through the agent's Interop/Nvml and with nothing around them: what the crossing costs and allocates by itself.</summary>
internal sealed unsafe class InteropSweep : IDisposable
{
    private const int MostProcesses = 64, MostSamples = 128, Metrics = 5;

    private readonly NvmlLibrary _nvml;
    private readonly Card[] _cards;
    private readonly byte[] _processes = new byte[MostProcesses * 32];
    private readonly byte[] _samples = new byte[MostSamples * sizeof(NvmlProcessUtilizationInfo)];
    private readonly byte[] _gpm = new byte[sizeof(NvmlGpmMetricsHead) + NvmlGpmMetricsHead.LargestCount * sizeof(NvmlGpmMetric)];

    private struct Card
    {
        public nint Device, Before, Now;
        public bool HasBefore, LacksFan;
    }

    public InteropSweep(string library)
    {
        if (!NvmlLibrary.TryLoad(library, out var nvml, out var error))
            throw new InvalidOperationException(error);
        _nvml = nvml!;
        uint count;
        Must(_nvml.Init_v2());
        Must(_nvml.DeviceGetCount_v2(&count));
        _cards = new Card[count];
        for (var i = 0u; i < count; i++)
            fixed (Card* card = &_cards[i])
            {
                Must(_nvml.DeviceGetHandleByIndex_v2(i, &card->Device));
                Must(_nvml.GpmSampleAlloc(&card->Before));
                Must(_nvml.GpmSampleAlloc(&card->Now));
            }
    }

    public void Sweep()
    {
        foreach (ref var card in _cards.AsSpan())
            Read(ref card);
    }

    public void Dispose()
    {
        foreach (var card in _cards)
        {
            _nvml.GpmSampleFree(card.Before);
            _nvml.GpmSampleFree(card.Now);
        }
        _nvml.Shutdown();
        _nvml.Dispose();
    }

    private void Read(ref Card card)
    {
        var device = card.Device;
        var fields = stackalloc NvmlFieldValue[6]
        {
            new() { FieldId = NvmlFieldValue.MemoryTemperature },
            new() { FieldId = NvmlFieldValue.PcieTransmitBytes },
            new() { FieldId = NvmlFieldValue.PcieReceiveBytes },
            new() { FieldId = NvmlFieldValue.NvLinkTransmitKiB, ScopeId = NvmlFieldValue.AllLinks },
            new() { FieldId = NvmlFieldValue.NvLinkReceiveKiB, ScopeId = NvmlFieldValue.AllLinks },
            new() { FieldId = NvmlFieldValue.RecoveryAction },
        };
        _nvml.DeviceGetFieldValues(device, 6, fields);
        var memory = new NvmlMemoryV2 { Version = NvmlMemoryV2.VersionWord };
        _nvml.DeviceGetMemoryInfo_v2(device, &memory);
        NvmlUtilization utilization;
        uint a, b, c, d;
        ulong large;
        int state;
        _nvml.DeviceGetUtilizationRates(device, &utilization);
        _nvml.DeviceGetEncoderUtilization(device, &a, &b);
        _nvml.DeviceGetDecoderUtilization(device, &a, &b);
        ReadGpm(ref card);
        _nvml.DeviceGetPowerUsage(device, &a);
        _nvml.DeviceGetEnforcedPowerLimit(device, &a);
        _nvml.DeviceGetTotalEnergyConsumption(device, &large);
        _nvml.DeviceGetClockInfo(device, 1, &a);
        _nvml.DeviceGetClockInfo(device, 2, &a);
        _nvml.DeviceGetPerformanceState(device, &state);
        var temperature = new NvmlTemperatureV1 { Version = NvmlTemperatureV1.VersionWord };
        _nvml.DeviceGetTemperatureV(device, &temperature);
        var margin = new NvmlMarginTemperature { Version = NvmlMarginTemperature.VersionWord };
        _nvml.DeviceGetMarginTemperature(device, &margin);
        if (!card.LacksFan)
            card.LacksFan = _nvml.DeviceGetFanSpeed_v2(device, 0, &a) == NvmlReturn.NotSupported;
        _nvml.DeviceGetCurrentClocksEventReasons(device, &large);
        _nvml.DeviceGetRemappedRows(device, &a, &b, &c, &d);
        for (var i = 0; i < 4; i++)
            _nvml.DeviceGetTotalEccErrors(device, i & 1, i >> 1, &large);
        _nvml.DeviceGetPcieReplayCounter(device, &a);
        _nvml.DeviceGetCurrPcieLinkGeneration(device, &a);
        _nvml.DeviceGetCurrPcieLinkWidth(device, &a);
        ReadProcesses(device);
    }

    private void ReadGpm(ref Card card)
    {
        if (_nvml.GpmSampleGet(card.Device, card.Now) != NvmlReturn.Success)
        {
            card.HasBefore = false;
            return;
        }
        if (card.HasBefore)
            fixed (byte* buffer = _gpm)
            {
                *(NvmlGpmMetricsHead*)buffer = new NvmlGpmMetricsHead { Version = 1, Count = Metrics, Sample1 = card.Before, Sample2 = card.Now };
                var metrics = (NvmlGpmMetric*)(buffer + sizeof(NvmlGpmMetricsHead));
                ReadOnlySpan<uint> ids = [2, 3, 5, 10, 174];
                for (var i = 0; i < Metrics; i++)
                    metrics[i] = new NvmlGpmMetric { Id = ids[i] };
                _nvml.GpmMetricsGet(buffer);
            }
        (card.Before, card.Now, card.HasBefore) = (card.Now, card.Before, true);
    }

    private void ReadProcesses(nint device)
    {
        fixed (byte* entries = _processes)
        {
            uint count = MostProcesses;
            _nvml.DeviceGetComputeRunningProcesses_v3(device, &count, entries);
            count = MostProcesses;
            _nvml.DeviceGetGraphicsRunningProcesses_v3(device, &count, entries);
            count = MostProcesses;
            _nvml.DeviceGetMPSComputeRunningProcesses_v3(device, &count, entries);
        }
        fixed (byte* samples = _samples)
        {
            var info = new NvmlProcessesUtilizationInfo
            {
                Version = NvmlProcessesUtilizationInfo.VersionWord,
                Count = MostSamples,
                LastSeenMicros = (ulong)(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 2000) * 1000,
                Samples = (NvmlProcessUtilizationInfo*)samples,
            };
            _nvml.DeviceGetProcessesUtilizationInfo(device, &info);
        }
    }

    private static void Must(NvmlReturn code)
    {
        if (code != NvmlReturn.Success)
            throw new InvalidOperationException($"the NVML double answered {code}");
    }
}
