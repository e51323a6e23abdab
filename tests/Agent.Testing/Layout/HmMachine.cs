namespace Headroom.Testing.Layout;

// Mirrors of tests/fakes/machine.h, which says what the fields mean. A test holds every size and offset against the C compiler's.

internal struct HmMachine
{
    public const ulong MagicNumber = 0x4d4f4f5244414548;
    public const uint CurrentVersion = 1;
    public const int MaxGpus = 16;
    public const int MaxMig = 8;
    public const int MaxProcesses = 64;
    public const int MaxEvents = 64;
    public const int MaxGpm = 16;
    public const int MaxFieldFaults = 16;
    public const int MaxNvmlCalls = 96;
    public const int AnyGpu = MaxGpus;
    public const int Slots = MaxGpus + 1;
    public const ulong NotAvailable = ulong.MaxValue;
    public const uint NoInstance = uint.MaxValue;

    public ulong Magic;
    public uint Version;
    public uint Size;
    public Text80 DriverVersion;
    public Text80 NvmlVersion;
    public int CudaDriverVersion;
    public uint DriverLoaded;
    public int InitCode;
    public uint GpuCount;
    public uint GpmMinIntervalMs;
    public uint InitGeneration;
    public uint LiveInits;
    public uint LiveEventSets;
    public uint LiveGpmSamples;
    public uint Spare;
    public ulong EventsRaised;
    public ulong EventsDelivered;
    public Events Events;
    public CallCounts NvmlCalls;
    public Faults NvmlFaults;
    public Gpus Gpus;
}

internal struct HmEvent
{
    public uint Gpu;
    public uint GpuInstance;
    public uint ComputeInstance;
    public uint Spare;
    public ulong Type;
    public ulong Data;
}

internal struct HmFault
{
    public int Code;
    public uint DelayMs;
    public uint Hang;
    public uint Waiting;
}
