namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>batchWindow</c> remembers.</summary>
internal sealed record BatchWindowMemory;
