namespace Headroom.Simulate;

/// <summary>Which simulated server to run, and how fast.</summary>
internal sealed record SimulationOptions
{
    /// <summary>Simulated seconds in a real second that the machine can keep up with: an hour of the default scenario takes a fraction of a second.</summary>
    public const double MaxSpeed = 3600;

    public long Seed { get; init; } = 1;
    /// <summary>Simulated seconds in a real second; above 0, at most <see cref="MaxSpeed"/>.</summary>
    public double Speed { get; init; } = 1;
    public string Scenario { get; init; } = DefaultScenario.Name;
    /// <summary>The simulated wall clock at the start; null: 09:00 of the day it is, so that there is traffic.</summary>
    public DateTimeOffset? StartsAt { get; init; }
}
