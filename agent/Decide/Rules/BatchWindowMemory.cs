using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>batchWindow</c> remembers.</summary>
internal sealed record BatchWindowMemory
{
    /// <summary>By workload; only those of whom there is something to remember.</summary>
    public IReadOnlyDictionary<string, BatchWindowLoad> Loads { get; init; } = new Dictionary<string, BatchWindowLoad>();
}

/// <summary>What the protected workloads beside it did.</summary>
/// <param name="HighAt">When their pressure was last too high for it; null: its window does not count as closed for their sake.</param>
/// <param name="BusyAt">When one of them was last not known to be idle; null: not lately.</param>
internal readonly record struct BatchWindowLoad(MonoTime? HighAt, MonoTime? BusyAt);
