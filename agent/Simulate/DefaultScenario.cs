namespace Headroom.Simulate;

/// <summary>The server that <c>--simulate</c> shows: two GPUs, seven containers, and the usual troubles: a batch job that hurts a critical
/// neighbour, a leak, fragmentation, and a notebook that nobody put into any policy.</summary>
internal static class DefaultScenario
{
    public const string Name = "default";

    private const long MiB = 1L << 20;

    public static Scenario Create() => new()
    {
        Gpus = [A100, H100],
        Workloads = DefaultWorkloads.All,
        // Somebody's forgotten shell.
        HostProcesses = [new HostProcessSpec(0, 4_242, "python3", 704 * MiB)],
    };

    private static GpuSpec A100 => new()
    {
        Name = "NVIDIA A100-PCIE-40GB",
        Architecture = "Ampere",
        ComputeCapability = "8.0",
        PciBusId = "00000000:17:00.0",
        TotalBytes = 40_536 * MiB,
        ReservedBytes = 422 * MiB,
        ContextOverheadBytes = 16 * MiB,
        IdleWatts = 38,
        LimitWatts = 250,
        FullWatts = 262,
        SmClockHertz = 1_410e6,
        IdleSmClockHertz = 210e6,
        MemoryClockHertz = 1_215e6,
        // The hot slot: a long batch on a warm afternoon makes it slow down.
        InletCelsius = 28,
        DegreesPerWatt = 0.245,
        SwitchLoss = 0.03,
        EccEvery = TimeSpan.FromHours(10),
    };

    private static GpuSpec H100 => new()
    {
        Name = "NVIDIA H100 PCIe",
        Architecture = "Hopper",
        ComputeCapability = "9.0",
        PciBusId = "00000000:65:00.0",
        TotalBytes = 81_559 * MiB,
        ReservedBytes = 551 * MiB,
        ContextOverheadBytes = 18 * MiB,
        IdleWatts = 48,
        LimitWatts = 350,
        FullWatts = 380,
        SmClockHertz = 1_755e6,
        IdleSmClockHertz = 345e6,
        MemoryClockHertz = 1_593e6,
        DegreesPerWatt = 0.13,
        PcieGeneration = 5,
        SwitchLoss = 0.03,
        HasGpm = true,
        XidEvery = TimeSpan.FromHours(30),
    };
}
