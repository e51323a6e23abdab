namespace Headroom.Model;

/// <summary>One sweep over all GPUs of the node.</summary>
internal sealed record GpuSweep(DriverInfo Driver, IReadOnlyList<GpuSample> Gpus);

/// <param name="Source">Where the readings come from: <c>nvml</c>, <c>nvidia-smi</c>, <c>simulated</c>, or on Windows <c>nvml+nvapi</c> or <c>nvapi</c>.</param>
/// <param name="DriverVersion">e.g. <c>580.95.05</c>.</param>
/// <param name="NvmlVersion">e.g. <c>13.580.95.05</c>.</param>
/// <param name="CudaVersion">The newest CUDA that the driver runs, e.g. <c>13.0</c>.</param>
internal sealed record DriverInfo(string Source, string? DriverVersion, string? NvmlVersion, string? CudaVersion);

internal enum GpuHealth
{
    Ok,
    /// <summary>The driver says that the GPU fell off the bus (NVML 15) or needs a reset (16).</summary>
    Lost,
    /// <summary>A driver call on this GPU has not come back within its deadline; it is left alone until it does.</summary>
    Hung,
    /// <summary>The driver answers with other errors.</summary>
    Failed,
    /// <summary>The source as a whole has not answered for too long.</summary>
    Stale,
}

/// <summary>What the GPU is. Does not change while the driver is loaded.</summary>
/// <param name="Index">NVML index, the metric label <c>gpu</c>.</param>
/// <param name="PciBusId">As <c>00000000:41:00.0</c>.</param>
/// <param name="Architecture">e.g. <c>Hopper</c>; null when the driver does not say.</param>
/// <param name="ComputeCapability">e.g. <c>9.0</c>.</param>
/// <param name="MigEnabled">Split into MIG instances: readings that do not exist then are Unsupported.</param>
internal sealed record GpuIdentity(
    int Index, string Uuid, string Name, string? PciBusId, string? Architecture, string? ComputeCapability, bool MigEnabled);

/// <summary>Device memory in bytes. <see cref="UsedBytes"/> excludes what the driver reserves for itself:
/// total = reserved + used + free (NVML memory v2; with v1 only, reserved is 0 and counted as used).</summary>
internal readonly record struct GpuMemory(long TotalBytes, long ReservedBytes, long UsedBytes, long FreeBytes);

/// <summary>Everything read of one GPU in one sweep.</summary>
internal sealed record GpuSample
{
    public required GpuIdentity Identity { get; init; }
    public required GpuHealth Health { get; init; }
    /// <summary>Why it is not Ok, in words; null when it is.</summary>
    public string? HealthReason { get; init; }
    public required MonoTime At { get; init; }
    public Reading<GpuMemory> Memory { get; init; }
    public GpuActivity Activity { get; init; } = new();
    public GpuPower Power { get; init; } = new();
    public GpuThermal Thermal { get; init; } = new();
    public GpuReliability Reliability { get; init; } = new();
    public GpuLinks Links { get; init; } = new();
    /// <summary>Processes that hold a context on this GPU, one entry a pid. Null when the list could not be read.</summary>
    public IReadOnlyList<GpuProcess>? Processes { get; init; }
    public IReadOnlyList<MigInstance> Mig { get; init; } = [];

    public int Index => Identity.Index;

    /// <summary>Only the identity: what may be shown of a GPU that does not answer.</summary>
    public static GpuSample Dark(GpuIdentity identity, GpuHealth health, string reason, MonoTime at) =>
        new() { Identity = identity, Health = health, HealthReason = reason, At = at };
}

/// <summary>Shares of time or capacity, 0..1.</summary>
internal sealed record GpuActivity
{
    /// <summary>Share of the last driver window in which at least one kernel ran; 1 does not mean saturated.</summary>
    public Reading<double> Utilization { get; init; }
    public Reading<double> MemoryUtilization { get; init; }
    public Reading<double> Encoder { get; init; }
    public Reading<double> Decoder { get; init; }
    public GpmSample? Gpm { get; init; }
}

/// <summary>GPU performance monitoring, Hopper and later, over the time since the sweep before; ratios 0..1.</summary>
internal sealed record GpmSample
{
    public Reading<double> SmActive { get; init; }
    public Reading<double> SmOccupancy { get; init; }
    public Reading<double> TensorActive { get; init; }
    public Reading<double> DramBandwidth { get; init; }
    /// <summary>Share of time that the graphics engine lost to switching between processes: direct evidence of contention.</summary>
    public Reading<double> ContextSwitch { get; init; }
}

internal sealed record GpuPower
{
    public Reading<double> Watts { get; init; }
    public Reading<double> LimitWatts { get; init; }
    /// <summary>Since the driver was loaded.</summary>
    public Reading<double> EnergyJoules { get; init; }
    public Reading<double> SmClockHertz { get; init; }
    public Reading<double> MemoryClockHertz { get; init; }
    /// <summary>NVML performance state 0 (fastest) .. 15.</summary>
    public Reading<int> PerformanceState { get; init; }
}

internal sealed record GpuThermal
{
    public Reading<double> Celsius { get; init; }
    public Reading<double> MemoryCelsius { get; init; }
    /// <summary>Degrees left until the GPU slows itself down.</summary>
    public Reading<double> MarginCelsius { get; init; }
    public Reading<double> FanRatio { get; init; }
    /// <summary>Why the clocks are lower than asked: bits of <see cref="ThrottleReasons"/>.</summary>
    public Reading<ulong> ThrottleReasonBits { get; init; }
}

internal sealed record GpuReliability
{
    /// <summary>ECC errors since the driver was loaded.</summary>
    public Reading<long> EccCorrected { get; init; }
    public Reading<long> EccUncorrected { get; init; }
    /// <summary>ECC errors over the card's life.</summary>
    public Reading<long> EccCorrectedLifetime { get; init; }
    public Reading<long> EccUncorrectedLifetime { get; init; }
    public Reading<long> RemappedRowsCorrectable { get; init; }
    public Reading<long> RemappedRowsUncorrectable { get; init; }
    /// <summary>1: a remapping waits for a reset.</summary>
    public Reading<int> RemapPending { get; init; }
    /// <summary>1: a remapping failed; the card should be replaced.</summary>
    public Reading<int> RemapFailed { get; init; }
    public Reading<long> PcieReplays { get; init; }
    /// <summary>What the driver recommends (NVML field 230): 0 nothing, 1 GPU reset, 2 reboot, 3 drain P2P, 4 drain and reset, 5 recover IMEX.</summary>
    public Reading<int> RecoveryAction { get; init; }
    /// <summary>XID errors since the agent started.</summary>
    public IReadOnlyList<XidCount> Xids { get; init; } = [];
}

/// <param name="Xid">NVIDIA's error number.</param>
/// <param name="Count">Seen since the agent started.</param>
/// <param name="LastAt">Wall time of the last one.</param>
internal sealed record XidCount(int Xid, long Count, DateTimeOffset LastAt);

/// <summary>Byte counters since the driver was loaded (they may wrap) and link states.</summary>
internal sealed record GpuLinks
{
    public Reading<long> PcieTransmitBytes { get; init; }
    public Reading<long> PcieReceiveBytes { get; init; }
    public Reading<int> PcieGeneration { get; init; }
    public Reading<int> PcieWidth { get; init; }
    public Reading<long> NvLinkTransmitBytes { get; init; }
    public Reading<long> NvLinkReceiveBytes { get; init; }
}

[Flags]
internal enum GpuProcessKinds
{
    None = 0,
    Compute = 1,
    Graphics = 2,
    /// <summary>A client of CUDA's Multi-Process Service.</summary>
    Mps = 4,
}

/// <summary>One process on one GPU.</summary>
/// <param name="Pid">Host pid.</param>
/// <param name="UsedBytes">Device memory it holds; null when the driver does not tell (no permission, some vGPU and MIG cases).</param>
/// <param name="Use">Shares of the sample period; null where the driver cannot tell per process (MIG).</param>
/// <param name="ContainerId">Full id of the container it runs in; null for a process of the host.</param>
/// <param name="Command">Its name from <c>/proc/pid/comm</c>; null when it is gone already.</param>
/// <param name="MigInstanceId">GPU instance id on a MIG card.</param>
internal sealed record GpuProcess(
    int Pid, GpuProcessKinds Kinds, long? UsedBytes, ProcessUse? Use, string? ContainerId, string? Command, int? MigInstanceId);

/// <summary>Share of the sample period in which the process had work resident, 0..1. Not occupancy; several processes may sum to more than 1.</summary>
internal readonly record struct ProcessUse(double Sm, double MemoryBandwidth, double Encoder, double Decoder);

/// <summary>One MIG device of a split GPU.</summary>
/// <param name="Index">MIG index on its GPU; sparse.</param>
/// <param name="Slices">GPU slices it owns, of 7.</param>
internal sealed record MigInstance(
    int Index, int GpuInstanceId, int? ComputeInstanceId, string Uuid, int? Slices, Reading<GpuMemory> Memory, GpmSample? Gpm);
