namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>turnTaking</c> remembers.</summary>
internal sealed record TurnTakingMemory;
