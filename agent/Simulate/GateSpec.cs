using Headroom.Act.Freezing;

namespace Headroom.Simulate;

/// <summary>Whom a simulated gate yields to, and how.</summary>
/// <param name="Protected">Workloads by name.</param>
internal sealed record GateSpec(IReadOnlyList<string> Protected, YieldTimes Times)
{
    /// <summary>From a request's first packet, or the last one of its answer, to the freezer's write, as measured on containers.</summary>
    public static readonly TimeSpan Detection = TimeSpan.FromMicroseconds(200);

    public bool Equals(GateSpec? other) => other is not null && Times == other.Times && Protected.SequenceEqual(other.Protected);

    public override int GetHashCode() => HashCode.Combine(Times, Protected.Count);
}
