using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>Who goes where with how much; what does not fit, and why. Sizes in bytes.</summary>
internal sealed record CardPlan
{
    public required VramStrategy Strategy { get; init; }
    public required IReadOnlyList<CardPlacement> Placements { get; init; }
    /// <summary>One entry a card, used or not.</summary>
    public required IReadOnlyList<CardSum> Cards { get; init; }
    public IReadOnlyList<Unplaced> Unplaced { get; init; } = [];
    public IReadOnlyList<Overload> Overloads { get; init; } = [];
    public IReadOnlyList<string> Warnings { get; init; } = [];
    /// <summary>What could be done about what is refused.</summary>
    public IReadOnlyList<string> Ways { get; init; } = [];
    /// <summary>False: there were too many ways to look at all of them; a better one may exist.</summary>
    public required bool Proven { get; init; }

    public bool Works => Unplaced.Count == 0 && Overloads.Count == 0;
}

/// <param name="Gpus">Indices, the container's <c>device_ids</c>.</param>
/// <param name="GuaranteeBytes">On each of them.</param>
/// <param name="CapBytes">On each of them.</param>
/// <param name="Load">Expected rate / capacity; null: not known.</param>
/// <param name="Reason">Why so much.</param>
internal sealed record CardPlacement(
    string Name, IReadOnlyList<int> Gpus, long GuaranteeBytes, long CapBytes, Priority Priority, double? SloP95Seconds, double? SloTtftP95Seconds,
    double? KneePerSecond, double? RatePerSecond, double? Load, string Reason);

/// <param name="ReserveWritten">As asked.</param>
/// <param name="ReserveLeft">What the promises leave of it.</param>
/// <param name="Promised">Sum of what must fit: caps under <c>fixed</c>, guarantees else.</param>
/// <param name="Load">Sum over the models whose load is known.</param>
internal sealed record CardSum(
    int Gpu, string? Name, long TotalBytes, long DriverBytes, long OthersBytes, long Guarantees, long Promised, long ReserveWritten, long ReserveLeft, double Load,
    IReadOnlyList<string> LoadUnknown);

/// <param name="NeededBytes">On each GPU; null: nobody knows.</param>
/// <param name="MissingBytes">On the card where least is missing; null: size is not the trouble.</param>
internal sealed record Unplaced(string Name, Priority Priority, long? NeededBytes, int Gpus, long? MissingBytes, string Why);

/// <summary>More is expected of a model than one replica answers in time.</summary>
/// <param name="Replicas">That it would take.</param>
internal sealed record Overload(string Name, double Rate, double Knee, int Replicas);
