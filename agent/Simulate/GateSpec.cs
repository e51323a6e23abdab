using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>Whom a gate yields to, and how: see <see cref="YieldRelation"/>.</summary>
/// <param name="Protected">Workloads by name.</param>
internal sealed record GateSpec(IReadOnlyList<string> Protected, TimeSpan Linger, TimeSpan MaxClosed, TimeSpan MinRun, double Floor)
{
    public bool Equals(GateSpec? other) =>
        other is not null && Linger == other.Linger && MaxClosed == other.MaxClosed && MinRun == other.MinRun && Floor == other.Floor
        && Protected.SequenceEqual(other.Protected);

    public override int GetHashCode() => HashCode.Combine(Linger, MaxClosed, MinRun, Floor, Protected.Count);
}
