using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>runawayMemory</c> remembers. Keys: workload by name, GPU.</summary>
internal sealed record RunawayMemory
{
    public IReadOnlyDictionary<(string Workload, int Gpu), Trend> Trends { get; init; } = new Dictionary<(string, int), Trend>();
    public IReadOnlyDictionary<(string Workload, int Gpu), RunawayCase> Cases { get; init; } = new Dictionary<(string, int), RunawayCase>();
}

/// <summary>What one life of a workload held over the last minutes: a few points, oldest first.</summary>
internal sealed record Trend(DateTimeOffset StartedAt, IReadOnlyList<TrendPoint> Points);

internal readonly record struct TrendPoint(MonoTime At, long Bytes);

/// <summary>A runaway that was found, and what is done about it. Ends with the life of the container, when memory came back, or when the danger passed.</summary>
/// <param name="Level">What it held when it was found.</param>
/// <param name="Slope">Bytes a second, the steepest seen.</param>
/// <param name="LowSince">Since when it has stayed well below its cap: it stopped by itself.</param>
/// <param name="Restart">A restart is wanted, and why.</param>
internal sealed record RunawayCase(
    DateTimeOffset StartedAt, MonoTime Since, long Level, long Cap, double Slope, MonoTime? HeldSince, string? HeldFor, MonoTime? LowSince, Reason? Restart);
