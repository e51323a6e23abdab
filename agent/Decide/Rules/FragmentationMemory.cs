namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>fragmentation</c> remembers.</summary>
internal sealed record FragmentationMemory;
