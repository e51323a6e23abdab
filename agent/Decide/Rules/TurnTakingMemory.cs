using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>turnTaking</c> remembers.</summary>
internal sealed record TurnTakingMemory
{
    /// <summary>By workload name. Who is not here has not waited yet.</summary>
    public IReadOnlyDictionary<string, TurnMember> Members { get; init; } = new Dictionary<string, TurnMember>();
}

/// <summary>Where one member stands in the rotation.</summary>
/// <param name="HasTurn">The turn is its own; else it runs beside, rests, or waits.</param>
/// <param name="Waits">Was told to stand still: what it uses then says nothing about its work.</param>
/// <param name="Since">When its turn began; without one, when it joined the queue.</param>
/// <param name="QuietSince">Since when it uses no SM although it may; null: it works, or nobody knows.</param>
/// <param name="DoubtSince">Since when it is paused and no hold of ours tells why.</param>
internal sealed record TurnMember(
    string Group, Priority Priority, bool HasTurn, bool Waits, MonoTime Since, MonoTime? QuietSince = null, MonoTime? DoubtSince = null);
