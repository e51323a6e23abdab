namespace Headroom.Simulate;

/// <summary>What a simulated GPU is like.</summary>
internal sealed record GpuSpec
{
    public required string Name { get; init; }
    public required string Architecture { get; init; }
    public required string ComputeCapability { get; init; }
    public required string PciBusId { get; init; }
    /// <summary>Reserved by the driver included.</summary>
    public required long TotalBytes { get; init; }
    public long ReservedBytes { get; init; }
    /// <summary>What the card spends on a process beyond what the driver tells for it.</summary>
    public long ContextOverheadBytes { get; init; }
    public double IdleWatts { get; init; } = 35;
    public double LimitWatts { get; init; } = 300;
    /// <summary>What the hungriest work would draw at full clocks; above the limit the clocks go down.</summary>
    public double FullWatts { get; init; } = 300;
    public double SmClockHertz { get; init; } = 1_500e6;
    public double IdleSmClockHertz { get; init; } = 345e6;
    public double MemoryClockHertz { get; init; } = 1_500e6;
    public double InletCelsius { get; init; } = 24;
    public double DegreesPerWatt { get; init; } = 0.15;
    /// <summary>How long the cooler takes for 63 % of a step.</summary>
    public TimeSpan ThermalConstant { get; init; } = TimeSpan.FromSeconds(90);
    public double SlowdownCelsius { get; init; } = 85;
    public int PcieGeneration { get; init; } = 4;
    /// <summary>Share of time lost while processes take turns.</summary>
    public double SwitchLoss { get; init; }
    /// <summary>Performance monitoring: Hopper and later.</summary>
    public bool HasGpm { get; init; }
    /// <summary>Mean time between corrected ECC errors; null: none.</summary>
    public TimeSpan? EccEvery { get; init; }
    /// <summary>Mean time between XID 13 (a kernel made a mistake; the card is fine); null: none.</summary>
    public TimeSpan? XidEvery { get; init; }
}
