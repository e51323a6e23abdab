namespace Headroom.Model;

/// <summary>The key <c>limits:</c>: how much Headroom may do at most, whatever the rules want.</summary>
internal sealed record LimitsPolicy
{
    public int RestartsPerHour { get; init; } = 2;
    /// <summary>Part of the opted-in workloads that may be paused, stopped or asleep at once, 0..1; windows are not counted. One is always allowed.</summary>
    public double MaxHeld { get; init; } = 0.5;
    /// <summary>Nobody is kept from running at all for longer; windows, turns and scale are not counted.</summary>
    public TimeSpan MaxHold { get; init; } = TimeSpan.FromHours(12);
    /// <summary>No freeze lasts longer without a breath, unless it became a pause.</summary>
    public TimeSpan MaxFreeze { get; init; } = TimeSpan.FromSeconds(10);
    public BreakerPolicy Breaker { get; init; } = new();
}

/// <summary>After so many failed actions within a time Headroom only recommends, until a person resets it.</summary>
internal sealed record BreakerPolicy
{
    public int Failures { get; init; } = 3;
    public TimeSpan Within { get; init; } = TimeSpan.FromMinutes(10);
}
