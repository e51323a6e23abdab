namespace Headroom.Testing.Layout;

internal struct HmGpu
{
    public Text96 Uuid;
    public Text96 Name;
    public Text32 PciBusId;
    public uint Minor;
    public uint Architecture;
    public int CcMajor;
    public int CcMinor;
    public ulong MemoryTotal;
    public ulong MemoryReserved;
    public ulong MemoryUsed;
    public uint UtilGpu;
    public uint UtilMemory;
    public uint UtilEncoder;
    public uint UtilDecoder;
    public uint PowerMw;
    public uint PowerLimitMw;
    public ulong EnergyMj;
    public uint TemperatureC;
    public uint MemoryTemperatureC;
    public int MarginC;
    public uint Pstate;
    public uint SmClockMhz;
    public uint MemoryClockMhz;
    public ulong ThrottleBits;
    public uint FanCount;
    public uint FanPercent;
    public uint PersistenceMode;
    public uint EccMode;
    public ulong EccVolatileCorrected;
    public ulong EccVolatileUncorrected;
    public ulong EccAggregateCorrected;
    public ulong EccAggregateUncorrected;
    public uint RemappedCorrected;
    public uint RemappedUncorrected;
    public uint RemapPending;
    public uint RemapFailed;
    public uint PcieGen;
    public uint PcieMaxGen;
    public uint PcieWidth;
    public uint PcieMaxWidth;
    public uint PcieReplays;
    public uint RecoveryAction;
    public ulong PcieTxBytes;
    public ulong PcieRxBytes;
    public ulong NvlinkTxKib;
    public ulong NvlinkRxKib;
    public uint NvlinkCount;
    public uint NvlinkDown;
    public uint Lost;
    public uint LostGeneration;
    public uint Growth;
    public uint MigMode;
    public uint MigPending;
    public uint MigMax;
    public uint GpmSupported;
    public uint Spare;
    public GpmMetrics Gpm;
    public FieldFaults FieldFaults;
    public Migs Mig;
    public Processes Processes;
}

internal struct HmMig
{
    public uint Present;
    public uint GpuInstance;
    public uint ComputeInstance;
    public uint GpuSlices;
    public uint ComputeSlices;
    public uint Multiprocessors;
    public ulong MemoryTotal;
    public ulong MemoryReserved;
    public ulong MemoryUsed;
    public Text96 Uuid;
    public GpmMetrics Gpm;
}

internal struct HmProcess
{
    public const uint StaleSample = 1;
    public const uint GarbageSample = 2;

    public uint Present;
    public uint Pid;
    public uint Kinds;
    public uint Quirks;
    public ulong UsedBytes;
    public uint GpuInstance;
    public uint ComputeInstance;
    public uint SmUtil;
    public uint MemUtil;
    public uint EncUtil;
    public uint DecUtil;
    public ulong SampledUs;
    public ulong Spare;
}

internal struct HmGpmMetric
{
    public uint Id;
    public int Code;
    public double Value;
}

internal struct HmFieldFault
{
    public uint Field;
    public int Code;
}
