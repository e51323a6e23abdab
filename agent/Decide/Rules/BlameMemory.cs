namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>blame</c> remembers.</summary>
internal sealed record BlameMemory;
