using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>fragmentation</c> remembers, by workload name.</summary>
internal sealed record FragmentationMemory
{
    public IReadOnlyDictionary<string, IdleFloor> Floors { get; init; } = new Dictionary<string, IdleFloor>();
}

/// <summary>One life of a workload, seen while idle.</summary>
/// <param name="IdleSince">Since when it is idle; null while it is not.</param>
/// <param name="HighSince">Since when too much of what is reserved was of no use each time it was idle.</param>
/// <param name="HighSeen">When that was seen last.</param>
/// <param name="Floor">Least memory held in this idle spell, by GPU.</param>
/// <param name="Baseline">The first floor of this life, by GPU; null until it was idle for a while.</param>
internal sealed record IdleFloor(
    DateTimeOffset StartedAt, MonoTime? IdleSince, MonoTime? HighSince, MonoTime HighSeen, IReadOnlyDictionary<int, long> Floor,
    IReadOnlyDictionary<int, long>? Baseline, MonoTime BaselineAt)
{
    /// <summary>By GPU: allocations that the driver had refused while the bytes were free, and of how many processes, as its books told last.</summary>
    public IReadOnlyDictionary<int, (long Refused, int Processes)> RefusedSeen { get; init; } = new Dictionary<int, (long, int)>();
    /// <summary>How many more there have been lately, and when the last was seen.</summary>
    public (long Count, MonoTime At)? Proof { get; init; }
}
