using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>A container runs while none of these has a request in flight.</summary>
/// <param name="Protected">Their cells; unknown counts as idle: a gate that can't see is open.</param>
internal sealed record YieldLaw(IReadOnlyList<FlightCell> Protected, YieldTimes Times)
{
    public bool Equals(YieldLaw? other) => other is not null && Times == other.Times && Protected.SequenceEqual(other.Protected);

    public override int GetHashCode() => HashCode.Combine(Times, Protected.Count);
}
