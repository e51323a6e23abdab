using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>gate</c> remembers.</summary>
internal sealed record GateMemory
{
    public static readonly GateMemory Nothing = new();

    /// <summary>When it was judged last: older pairs are kept by nobody.</summary>
    public MonoTime At { get; init; }
    /// <summary>Who stands aside for whom.</summary>
    public IReadOnlySet<(string Batch, string Protected)> Pairs { get; init; } = new HashSet<(string, string)>();
    /// <summary>Protected workloads that have been in flight nearly always since then, and were fast all the same.</summary>
    public IReadOnlyDictionary<string, MonoTime> BusySince { get; init; } = new Dictionary<string, MonoTime>();
    /// <summary>Pairs that share the time instead, because the protected one is in flight nearly always.</summary>
    public IReadOnlySet<(string Batch, string Protected)> Shared { get; init; } = new HashSet<(string, string)>();
    /// <summary>When the requests of a protected workload were last seen well.</summary>
    public IReadOnlyDictionary<string, MonoTime> SeenAt { get; init; } = new Dictionary<string, MonoTime>();
    /// <summary>Since when a gate has been wanted of this batch workload.</summary>
    public IReadOnlyDictionary<string, MonoTime> WantedSince { get; init; } = new Dictionary<string, MonoTime>();
    /// <summary>Those of them that stood aside until this tick.</summary>
    public IReadOnlySet<string> JustShared { get; init; } = new HashSet<string>();
}
