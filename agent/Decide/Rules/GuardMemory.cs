namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>latencyGuard</c> remembers.</summary>
internal sealed record GuardMemory;
