using System.Runtime.InteropServices;

namespace Headroom.Interop.Nvml;

// Layouts of nvml.h on 64-bit Linux; sizes and offsets as compiled from NVIDIA/go-nvml's header (CUDA 13.3).
// Version words are NVML_STRUCT_VERSION: sizeof | version << 24.

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMemory
{
    public ulong Total, Free, Used;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMemoryV2
{
    public const uint VersionWord = 0x02000028;
    public uint Version;
    public ulong Total, Reserved, Free, Used;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlUtilization
{
    public uint Gpu, Memory;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlTemperatureV1
{
    public const uint VersionWord = 0x0100000C;
    public uint Version;
    public int Sensor;
    public int Temperature;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMarginTemperature
{
    public const uint VersionWord = 0x01000008;
    public uint Version;
    public int Margin;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NvmlPciInfo
{
    public fixed byte BusIdLegacy[16];
    public uint Domain, Bus, Device, PciDeviceId, PciSubSystemId;
    public fixed byte BusId[32];
}

/// <summary>One sample of <c>nvmlDeviceGetProcessUtilization</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlProcessUtilizationSample
{
    public uint Pid;
    public ulong TimeStampMicros;
    public uint Sm, Memory, Encoder, Decoder;
}

/// <summary>One sample of <c>nvmlDeviceGetProcessesUtilizationInfo</c> (driver 550 and later).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlProcessUtilizationInfo
{
    public ulong TimeStampMicros;
    public uint Pid, Sm, Memory, Encoder, Decoder, Jpeg, OpticalFlow;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NvmlProcessesUtilizationInfo
{
    public const uint VersionWord = 0x01000018;
    public uint Version;
    public uint Count;
    public ulong LastSeenMicros;
    public NvmlProcessUtilizationInfo* Samples;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlFieldValue
{
    public const uint MemoryTemperature = 82, NvLinkTransmitKiB = 138, NvLinkReceiveKiB = 139,
        PcieTransmitBytes = 197, PcieReceiveBytes = 198, RecoveryAction = 230;
    public const uint AllLinks = uint.MaxValue;

    public uint FieldId, ScopeId;
    public long TimestampMicros, LatencyMicros;
    public uint ValueType;
    public NvmlReturn Return;
    public ulong Value;

    /// <summary>The value as a whole number, whatever its type; doubles are rounded.</summary>
    public readonly long AsLong() => ValueType switch
    {
        0 => (long)Math.Round(BitConverter.UInt64BitsToDouble(Value)),
        1 => (uint)Value,
        2 when OperatingSystem.IsWindows() => (uint)Value, // unsigned long has 4 bytes there
        5 => (int)Value,
        6 => (ushort)Value,
        _ => (long)Value, // 2 unsigned long, 3 unsigned long long, 4 signed long long: 8 bytes on 64-bit Linux
    };
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlEventData
{
    public const ulong XidCriticalError = 0x8;
    public nint Device;
    public ulong Type, Data;
    public uint GpuInstanceId, ComputeInstanceId;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlDeviceAttributes
{
    public uint Multiprocessors, CopyEngines, Decoders, Encoders, Jpegs, OpticalFlows, GpuSlices, ComputeSlices;
    public ulong MemorySizeMiB;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpmSupport
{
    public uint Version, IsSupported;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpmMetric
{
    public uint Id;
    public NvmlReturn Return;
    public double Value;
    public nint ShortName, LongName, Unit;
}

/// <summary>Head of <c>nvmlGpmMetricsGet_t</c>; the metrics follow. The array has grown over the years under one version word
/// (98, 210, 333 entries): the buffer must hold the largest, whatever is asked.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpmMetricsHead
{
    public const int LargestCount = 333;
    public uint Version, Count;
    public nint Sample1, Sample2;
}

// Memory limits of a cgroup, CUDA 13.4 and driver 615 on: the structs stand on docs.nvidia.com/deploy/nvml-api (nvmlSetMemoryLimits_v1_t and
// nvmlGetMemoryLimits_v1_t), in this order [verified]; sizes 24 and 32 follow from it. The value of NVML_DEVICE_MEMORY_LIMIT_MAX does not stand there:
// UINT64_MAX, by a public user of the header of cuda-nvml-dev-13-4 [inferred].

/// <summary><c>nvmlSetMemoryLimits_v1_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NvmlSetMemoryLimits
{
    public const ulong None = ulong.MaxValue;
    /// <summary>Full path of the cgroup's folder, UTF-8, ended by a zero.</summary>
    public byte* NameSpace;
    public ulong SoftBytes, HardBytes;
}

/// <summary><c>nvmlGetMemoryLimits_v1_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NvmlGetMemoryLimits
{
    public byte* NameSpace;
    public ulong SoftBytes, HardBytes, UsedBytes;
}
