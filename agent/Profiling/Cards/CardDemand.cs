using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>What one model asks of a card. Null: not known.</summary>
internal sealed record CardDemand
{
    /// <summary>Of its policy entry: plain to print, one of its kind in a plan.</summary>
    public required string Name { get; init; }
    /// <summary>Other names that a measurement beside it may use.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
    public required Priority Priority { get; init; }
    /// <summary>Bytes that it may count on, on each of its GPUs, whole MiB.</summary>
    public long? GuaranteeBytes { get; init; }
    /// <summary>Bytes that it may hold, on each of its GPUs, whole MiB.</summary>
    public long? CapBytes { get; init; }
    /// <summary>What it holds without a request, whole MiB.</summary>
    public long? FloorBytes { get; init; }
    /// <summary>The most that was seen of it on one GPU.</summary>
    public long? PeakBytes { get; init; }
    /// <summary>A person said the guarantee: no strategy lowers it.</summary>
    public bool Said { get; init; }
    /// <summary>GPUs that it needs at once.</summary>
    public int Gpus { get; init; } = 1;
    public double? SloP95Seconds { get; init; }
    public double? SloTtftP95Seconds { get; init; }
    /// <summary>Of one request at a time.</summary>
    public double? UnloadedP95Seconds { get; init; }
    public ProfileKnee? Knee { get; init; }
    /// <summary>Expected requests per second.</summary>
    public double? Rate { get; init; }
    public IReadOnlyList<Slowdown> Slowdowns { get; init; } = [];
    /// <summary>How a policy finds its container; <see cref="MatchGuessed"/>: nobody saw that container.</summary>
    public required ProposedMatch Match { get; init; }
    public bool MatchGuessed { get; init; }
    /// <summary>The profile's: key of the entry -> sentence.</summary>
    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();
    /// <summary>What its profile warns of.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Requests per second that it can answer on a GPU of its own.</summary>
    public double? Capacity => Knee?.CapacityPerSecond is > 0 and var capacity ? capacity : Knee?.RequestsPerSecond is > 0 and var knee ? knee : null;
    /// <summary>Part of a GPU's time that its expected traffic takes.</summary>
    public double? Load => Rate is { } rate && Capacity is { } capacity ? rate / capacity : null;

    public bool IsCalled(string name) => Name == name || Aliases.Contains(name);

    /// <summary>What the strategy promises it; null: nobody knows what it needs.</summary>
    public long? GuaranteeUnder(VramStrategy strategy) =>
        strategy == VramStrategy.Fixed || Said || Priority == Priority.Critical || FloorBytes is not { } floor ? GuaranteeBytes : Math.Min(GuaranteeBytes ?? floor, floor);
}

/// <summary>Measured: p95 together / p95 alone.</summary>
internal sealed record Slowdown(string Victim, string By, double Factor);
