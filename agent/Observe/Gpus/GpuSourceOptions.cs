namespace Headroom.Observe.Gpus;

/// <summary>How the GPUs are read.</summary>
internal sealed record GpuSourceOptions
{
    /// <summary>The NVML library: a path, or the name that the driver provides.</summary>
    public string Library { get; init; } = Interop.Nvml.NvmlLibrary.DefaultName;
    /// <summary>From the start of one sweep to the next. NVML refreshes its own readings every 1/6 to 1 s: faster tells nothing new.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>All calls on one GPU in one sweep. Later, the GPU counts as hung and is left alone until the driver answers.</summary>
    public TimeSpan GpuDeadline { get; init; } = TimeSpan.FromSeconds(1.5);
    /// <summary>Initialising: without persistence mode the driver first wakes each GPU, which takes seconds.</summary>
    public TimeSpan OpenDeadline { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>How long to wait before NVML is opened anew after it failed, or to find a lost GPU again; doubled each time that it stays lost.</summary>
    public TimeSpan Reopen { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>The longest such wait: each opening costs the healthy GPUs a moment.</summary>
    public TimeSpan SlowestReopen { get; init; } = TimeSpan.FromMinutes(5);
    /// <summary>How often to look whether the driver package replaced the library.</summary>
    public TimeSpan LibraryCheck { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Where the kernel tells the version of the driver that it runs.</summary>
    public string ModuleVersionFile { get; init; } = "/sys/module/nvidia/version";
}
