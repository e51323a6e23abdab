namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>gate</c> remembers: who stands aside for whom.</summary>
internal sealed record GateMemory
{
    public IReadOnlySet<(string Batch, string Protected)> Pairs { get; init; } = new HashSet<(string, string)>();
}
