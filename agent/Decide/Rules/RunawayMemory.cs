namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>runawayMemory</c> remembers.</summary>
internal sealed record RunawayMemory;
