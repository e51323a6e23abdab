namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>scale</c> remembers.</summary>
internal sealed record ScaleMemory;
