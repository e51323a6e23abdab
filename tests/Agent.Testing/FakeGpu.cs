using Headroom.Testing.Layout;

namespace Headroom.Testing;

/// <summary>One GPU of a <see cref="FakeMachine"/>. Units are the driver's, as the names say.</summary>
internal sealed class FakeGpu(FakeMachine machine, int index)
{
    public int Index => index;
    public FakeProcesses Processes { get; } = new(machine, index);

    /// <summary>The mapped struct itself.</summary>
    public ref HmGpu Raw => ref machine.Raw.Gpus[index];

    public string Uuid { get => CText.Read(Raw.Uuid); set => CText.Write(Raw.Uuid, value); }
    public string Name { get => CText.Read(Raw.Name); set => CText.Write(Raw.Name, value); }
    public string PciBusId { get => CText.Read(Raw.PciBusId); set => CText.Write(Raw.PciBusId, value); }
    public int Minor { get => (int)Raw.Minor; set => Raw.Minor = (uint)value; }
    /// <summary>NVML's number: 7 Ampere, 8 Ada, 9 Hopper, 10 Blackwell.</summary>
    public int Architecture { get => (int)Raw.Architecture; set => Raw.Architecture = (uint)value; }
    public (int Major, int Minor) ComputeCapability
    {
        get => (Raw.CcMajor, Raw.CcMinor);
        set => (Raw.CcMajor, Raw.CcMinor) = value;
    }

    public long MemoryTotalBytes { get => (long)Raw.MemoryTotal; set => Raw.MemoryTotal = (ulong)value; }
    public long MemoryReservedBytes { get => (long)Raw.MemoryReserved; set => Raw.MemoryReserved = (ulong)value; }
    /// <summary>Without what is reserved. Does not follow the processes: a card may hold more than they tell.</summary>
    public long MemoryUsedBytes { get => (long)Raw.MemoryUsed; set => Raw.MemoryUsed = (ulong)value; }

    public int UtilizationPercent { get => (int)Raw.UtilGpu; set => Raw.UtilGpu = (uint)value; }
    public int MemoryUtilizationPercent { get => (int)Raw.UtilMemory; set => Raw.UtilMemory = (uint)value; }
    public int EncoderPercent { get => (int)Raw.UtilEncoder; set => Raw.UtilEncoder = (uint)value; }
    public int DecoderPercent { get => (int)Raw.UtilDecoder; set => Raw.UtilDecoder = (uint)value; }

    public int PowerMilliwatts { get => (int)Raw.PowerMw; set => Raw.PowerMw = (uint)value; }
    public int PowerLimitMilliwatts { get => (int)Raw.PowerLimitMw; set => Raw.PowerLimitMw = (uint)value; }
    public long EnergyMillijoules { get => (long)Raw.EnergyMj; set => Raw.EnergyMj = (ulong)value; }
    public int SmClockMegahertz { get => (int)Raw.SmClockMhz; set => Raw.SmClockMhz = (uint)value; }
    public int MemoryClockMegahertz { get => (int)Raw.MemoryClockMhz; set => Raw.MemoryClockMhz = (uint)value; }
    public int PerformanceState { get => (int)Raw.Pstate; set => Raw.Pstate = (uint)value; }
    public bool PersistenceMode { get => Raw.PersistenceMode != 0; set => Raw.PersistenceMode = value ? 1u : 0; }

    public int Celsius { get => (int)Raw.TemperatureC; set => Raw.TemperatureC = (uint)value; }
    public int MemoryCelsius { get => (int)Raw.MemoryTemperatureC; set => Raw.MemoryTemperatureC = (uint)value; }
    public int MarginCelsius { get => Raw.MarginC; set => Raw.MarginC = value; }
    public ulong ThrottleBits { get => Raw.ThrottleBits; set => Raw.ThrottleBits = value; }
    /// <summary>0: passively cooled, fan speed is not supported.</summary>
    public int Fans { get => (int)Raw.FanCount; set => Raw.FanCount = (uint)value; }
    public int FanPercent { get => (int)Raw.FanPercent; set => Raw.FanPercent = (uint)value; }

    /// <summary>null: the card has no ECC; false: switched off.</summary>
    public bool? Ecc
    {
        get => Raw.EccMode switch { 0 => false, 1 => true, _ => null };
        set => Raw.EccMode = value switch { false => 0, true => 1, null => 2u };
    }

    public long EccCorrected { get => (long)Raw.EccVolatileCorrected; set => Raw.EccVolatileCorrected = (ulong)value; }
    public long EccUncorrected { get => (long)Raw.EccVolatileUncorrected; set => Raw.EccVolatileUncorrected = (ulong)value; }
    public long EccCorrectedLifetime { get => (long)Raw.EccAggregateCorrected; set => Raw.EccAggregateCorrected = (ulong)value; }
    public long EccUncorrectedLifetime { get => (long)Raw.EccAggregateUncorrected; set => Raw.EccAggregateUncorrected = (ulong)value; }
    public int RemappedCorrected { get => (int)Raw.RemappedCorrected; set => Raw.RemappedCorrected = (uint)value; }
    public int RemappedUncorrected { get => (int)Raw.RemappedUncorrected; set => Raw.RemappedUncorrected = (uint)value; }
    public bool RemapPending { get => Raw.RemapPending != 0; set => Raw.RemapPending = value ? 1u : 0; }
    public bool RemapFailed { get => Raw.RemapFailed != 0; set => Raw.RemapFailed = value ? 1u : 0; }
    /// <summary>Field 230: 0 none, 1 reset, 2 reboot, 3 drain P2P, 4 drain and reset.</summary>
    public int RecoveryAction { get => (int)Raw.RecoveryAction; set => Raw.RecoveryAction = (uint)value; }

    public int PcieGeneration { get => (int)Raw.PcieGen; set => Raw.PcieGen = (uint)value; }
    public int PcieMaxGeneration { get => (int)Raw.PcieMaxGen; set => Raw.PcieMaxGen = (uint)value; }
    public int PcieWidth { get => (int)Raw.PcieWidth; set => Raw.PcieWidth = (uint)value; }
    public int PcieMaxWidth { get => (int)Raw.PcieMaxWidth; set => Raw.PcieMaxWidth = (uint)value; }
    public int PcieReplays { get => (int)Raw.PcieReplays; set => Raw.PcieReplays = (uint)value; }
    public long PcieTransmitBytes { get => (long)Raw.PcieTxBytes; set => Raw.PcieTxBytes = (ulong)value; }
    public long PcieReceiveBytes { get => (long)Raw.PcieRxBytes; set => Raw.PcieRxBytes = (ulong)value; }
    /// <summary>0: no NVLink.</summary>
    public int NvLinks { get => (int)Raw.NvlinkCount; set => Raw.NvlinkCount = (uint)value; }
    /// <summary>A bit for each link that is down.</summary>
    public uint NvLinksDown { get => Raw.NvlinkDown; set => Raw.NvlinkDown = value; }
    public long NvLinkTransmitKib { get => (long)Raw.NvlinkTxKib; set => Raw.NvlinkTxKib = (ulong)value; }
    public long NvLinkReceiveKib { get => (long)Raw.NvlinkRxKib; set => Raw.NvlinkRxKib = (ulong)value; }

    /// <summary>Fell off the bus: 15 to everything. Set back to false it answers only to who initialises NVML anew.</summary>
    public bool Lost
    {
        get => Raw.Lost != 0;
        set
        {
            if (value)
                Volatile.Write(ref Raw.LostGeneration, machine.Raw.InitGeneration);
            Volatile.Write(ref Raw.Lost, value ? 1u : 0);
        }
    }

    /// <summary>So many times a fetch of a process list finds it grown past its buffer; counts down.</summary>
    public int Growth
    {
        get => (int)Volatile.Read(ref Raw.Growth);
        set => Volatile.Write(ref Raw.Growth, (uint)value);
    }

    public bool GpmSupported { get => Raw.GpmSupported != 0; set => Raw.GpmSupported = value ? 1u : 0; }

    /// <summary>A GPM metric, 0..100 for shares; metrics never set are not supported.</summary>
    public void SetGpm(int id, double value, int code = 0) => GpmTable.Set(Raw.Gpm, id, value, code);

    /// <summary>What <c>nvmlDeviceGetFieldValues</c> answers for this one field; 0 heals it.</summary>
    public void FaultField(int field, int code)
    {
        Span<HmFieldFault> faults = Raw.FieldFaults;
        foreach (ref var fault in faults)
        {
            if (fault.Field != 0 && fault.Field != field)
                continue;
            Volatile.Write(ref fault.Code, code);
            Volatile.Write(ref fault.Field, (uint)field);
            return;
        }

        throw new InvalidOperationException($"GPU {index}: a fake GPU holds {HmMachine.MaxFieldFaults} field faults.");
    }

    /// <summary>0: the card knows no MIG.</summary>
    public int MigMax { get => (int)Raw.MigMax; set => Raw.MigMax = (uint)value; }

    public bool MigEnabled
    {
        get => Raw.MigMode != 0;
        set
        {
            if (value && MigMax == 0)
                MigMax = 7;
            Raw.MigPending = value ? 1u : 0;
            Volatile.Write(ref Raw.MigMode, value ? 1u : 0);
        }
    }

    /// <summary>The MIG device at this MIG index, there or not.</summary>
    public FakeMig Mig(int migIndex) => new(machine, index, migIndex);
}
