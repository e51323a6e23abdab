namespace Headroom.Model;

/// <summary>What the preload library in a container's processes has booked on one GPU, summed over them. The containers write it themselves: evidence, not proof.</summary>
/// <param name="UsedBytes">Held by driver calls that went through the library.</param>
/// <param name="Kinds">The same by kind; bytes.</param>
/// <param name="Calls">Allocations and releases since its processes began: while it does not move, neither does what is held.</param>
/// <param name="Segments">Allocations that the driver gave and has not got back.</param>
/// <param name="HighWaterBytes">Sum of the processes' own marks.</param>
/// <param name="CapBytes">The cap that stands in the page; null: none.</param>
/// <param name="OverheadBytes">What the driver counts beyond the books: contexts, modules.</param>
/// <param name="Refused">Allocations refused by the cap since their processes began.</param>
/// <param name="RefusedWhileFree">Refused by the driver although card and cap had the bytes free: fragmentation, or somebody else's limit.</param>
/// <param name="Processes">With a slot of their own.</param>
internal sealed record MemoryBook(
    string InstanceId, int Gpu, long UsedBytes, MemoryKinds Kinds, long Calls, long Segments, long HighWaterBytes, long? CapBytes, long OverheadBytes,
    long Refused, long RefusedByDriver, long RefusedWhileFree, long LastRefusedBytes, int Processes);

/// <summary>Bytes by the driver call that gave them.</summary>
internal readonly record struct MemoryKinds(long Plain, long Pitch, long Managed, long Pool, long Virtual, long Array, long Graph);

/// <summary>What a framework tells of its own allocator, all GPUs of a container together (docs/caps.md has the Python that fills it in for PyTorch).</summary>
/// <param name="AllocatedBytes">Live tensors.</param>
/// <param name="ReservedBytes">Taken from the driver.</param>
/// <param name="InactiveSplitBytes">Free pieces that can't be given back: fragmentation.</param>
/// <param name="Retries">Allocations that failed and went through after a flush, since start.</param>
/// <param name="Ooms">Out of memory errors since start.</param>
/// <param name="Age">Since it was written.</param>
internal sealed record FrameworkMemory(long AllocatedBytes, long ReservedBytes, long InactiveSplitBytes, long Retries, long Ooms, TimeSpan Age);

/// <summary>How the VRAM of one container can be capped on one GPU, the strongest first.</summary>
internal enum CapBackend
{
    /// <summary>The driver's own limit on the container's cgroup (NVML, r615 and later).</summary>
    Driver,
    /// <summary>libheadroom.so in the container.</summary>
    Preload,
    /// <summary>The shared region of HAMi-core in the container.</summary>
    Hami,
    /// <summary>Nothing enforces a cap: it is only told when more is held.</summary>
    Watch,
}

/// <param name="Why">Why no stronger one, in words.</param>
internal sealed record CapReach(WorkloadId Workload, int Gpu, CapBackend Backend, string Why);
