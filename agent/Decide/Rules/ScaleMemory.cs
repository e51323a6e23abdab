using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>scale</c> remembers.</summary>
internal sealed record ScaleMemory
{
    /// <summary>By group name.</summary>
    public IReadOnlyDictionary<string, ScaleGroup> Groups { get; init; } = new Dictionary<string, ScaleGroup>();
    /// <summary>VRAM that a replica held when it was last seen to hold any, the largest of its GPUs; by workload name.</summary>
    public IReadOnlyDictionary<string, long> LastBytes { get; init; } = new Dictionary<string, long>();
}

/// <summary>One group.</summary>
internal sealed record ScaleGroup
{
    public static readonly ScaleGroup New = new();

    /// <summary>When a replica was last woken or put back.</summary>
    public MonoTime? Changed { get; init; }
    /// <summary>That was a wake.</summary>
    public bool Grew { get; init; }
    /// <summary>Since when one replica more is wanted.</summary>
    public MonoTime? MoreSince { get; init; }
    /// <summary>Since when one less would do.</summary>
    public MonoTime? LessSince { get; init; }
    /// <summary>Oldest first: the last one is woken first.</summary>
    public IReadOnlyList<PutBack> Out { get; init; } = [];
    /// <summary>Replicas that were woken or started and hold no VRAM yet, and since when.</summary>
    public IReadOnlyDictionary<string, Woken> Woken { get; init; } = new Dictionary<string, Woken>();
    /// <summary>Members that were judged before: a hold of one that is not here is taken over from the agent's life before.</summary>
    public IReadOnlySet<string> Known { get; init; } = new HashSet<string>();
    /// <summary>When neighbours last suffered after a replica was woken, and how many times within the hour.</summary>
    public MonoTime? Relapsed { get; init; }
    public int Relapses { get; init; }
}

/// <summary>A replica that is wanted stopped.</summary>
/// <param name="Id">This life of it: another one was started by somebody else.</param>
/// <param name="For">The neighbour for whose sake; null: the group's own.</param>
/// <param name="Seen">Act held it: if the hold is gone again, a person took it.</param>
internal sealed record PutBack(WorkloadId Id, Reason Reason, string? For, bool Seen);

/// <param name="Start">Why it is started, while Docker has it created only; null: it was put back before.</param>
internal sealed record Woken(MonoTime At, Reason? Start);
