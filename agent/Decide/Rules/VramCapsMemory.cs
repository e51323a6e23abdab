namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>vramCaps</c> remembers.</summary>
internal sealed record VramCapsMemory;
