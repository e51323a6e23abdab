namespace Headroom.Model;

/// <summary>What Act holds and has done, as the planner sees it at the next tick.</summary>
internal sealed record ActState
{
    public static readonly ActState Nothing = new();

    /// <summary>What Headroom holds now.</summary>
    public IReadOnlyList<Hold> Holds { get; init; } = [];
    /// <summary>Impulses of the last seven days.</summary>
    public IReadOnlyList<ImpulseRecord> Impulses { get; init; } = [];
    /// <summary>Why the breaker is open; null while it is closed. Open: no new holds, only a person resets it.</summary>
    public string? Breaker { get; init; }
    /// <summary>Levers that were found to do nothing: workload and lever.</summary>
    public IReadOnlyList<IneffectiveLever> Ineffective { get; init; } = [];

    /// <summary>Whether anything is held of this life of a workload.</summary>
    /// <param name="which">Only such holds count; null: any.</param>
    public bool Has(WorkloadId workload, Func<Hold, bool>? which = null)
    {
        foreach (var hold in Holds)
            if (hold.Workload == workload && which?.Invoke(hold) != false)
                return true;
        return false;
    }
}

/// <summary>One thing that Headroom must undo.</summary>
/// <param name="Rule">Whose wish it was.</param>
/// <param name="Share">Share of time that it runs; 0 when it does not, 1 for caps.</param>
/// <param name="Gpu">Of a cap; else null.</param>
/// <param name="CapBytes">Of a cap; else null.</param>
internal sealed record Hold(WorkloadId Workload, Lever Lever, RuleName Rule, double Share, int? Gpu, long? CapBytes, DateTimeOffset Since);

internal sealed record IneffectiveLever(string Workload, Lever Lever);

/// <summary>An impulse that was done.</summary>
/// <param name="Workload">By name: it outlives a restart.</param>
/// <param name="Key">See <see cref="Impulse.Key"/>.</param>
/// <param name="Helped">Null while not known; false: do not repeat.</param>
internal sealed record ImpulseRecord(string Workload, ImpulseKind Kind, RuleName Rule, string Key, DateTimeOffset At, bool? Helped);
