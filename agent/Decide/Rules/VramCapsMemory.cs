using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>vramCaps</c> remembers. Keys: workload by name, GPU.</summary>
internal sealed record VramCapsMemory
{
    public IReadOnlyDictionary<(string Workload, int Gpu), CapEntry> Caps { get; init; } = new Dictionary<(string, int), CapEntry>();
    /// <summary>What higher classes are given beside their guarantee (strategy priority).</summary>
    public IReadOnlyDictionary<(string Workload, int Gpu), WantEntry> Wants { get; init; } = new Dictionary<(string, int), WantEntry>();
    /// <summary>Since when a guarantee on the GPU is not covered.</summary>
    public IReadOnlyDictionary<int, MonoTime> StarvedSince { get; init; } = new Dictionary<int, MonoTime>();
    public IReadOnlyDictionary<(string Workload, int Gpu), EvictedEntry> Evicted { get; init; } = new Dictionary<(string, int), EvictedEntry>();
    /// <summary>When the GPU's memory was known last.</summary>
    public IReadOnlyDictionary<int, MonoTime> KnownAt { get; init; } = new Dictionary<int, MonoTime>();
}

/// <param name="Bytes">The cap in force.</param>
/// <param name="Committed">What it may still hold: the cap before, until a later snapshot shows that it keeps to the new one.</param>
/// <param name="At">When the cap was set.</param>
internal sealed record CapEntry(long Bytes, long Committed, MonoTime At);

/// <param name="Over">Since when it holds more than two watermarks less than <paramref name="Bytes"/>.</param>
internal sealed record WantEntry(long Bytes, MonoTime? Over);

/// <param name="Bytes">What it held.</param>
/// <param name="Limit">Asleep or stopped.</param>
/// <param name="RoomSince">Since when there is room to come back.</param>
internal sealed record EvictedEntry(long Bytes, RunState Limit, string For, MonoTime Since, MonoTime? RoomSince);
