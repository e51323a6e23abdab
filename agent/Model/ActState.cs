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
    /// <summary>Workloads of which a person took something back: they are left alone until the plan wants nothing of them.</summary>
    public IReadOnlyList<string> LeftToPeople { get; init; } = [];
    /// <summary>How the VRAM of each opted-in container can be capped, one entry a container and GPU that it uses.</summary>
    public IReadOnlyList<CapReach> Caps { get; init; } = [];
    /// <summary>What is known of the gate of each batch container that may have one, one entry a container.</summary>
    public IReadOnlyList<GateState> Gates { get; init; } = [];
    /// <summary>Why Act goes no further than recommend, whatever the policy says; null: it does not limit.</summary>
    public string? Limited { get; init; }

    /// <summary>Whether anything is held of this life of a workload.</summary>
    /// <param name="which">Only such holds count; null: any.</param>
    public bool Has(WorkloadId workload, Func<Hold, bool>? which = null)
    {
        foreach (var hold in Holds)
            if (hold.Workload.IsSameLife(workload) && which?.Invoke(hold) != false)
                return true;
        return false;
    }
}

/// <summary>One thing that Headroom must undo.</summary>
/// <param name="Rule">Whose wish it was.</param>
/// <param name="Share">Share of time that it runs; 0 when it does not, 1 for caps.</param>
/// <param name="Gpu">Of a cap; else null.</param>
/// <param name="CapBytes">Of a cap; else null.</param>
internal sealed record Hold(WorkloadId Workload, Lever Lever, RuleName Rule, double Share, int? Gpu, long? CapBytes, DateTimeOffset Since)
{
    /// <summary>Of its journal record; 0 where there is no journal (simulated).</summary>
    public long Id { get; init; }
    /// <summary>How it is undone; null where nothing outlives the agent (simulated).</summary>
    public Undo? Undo { get; init; }
    /// <summary>What was so before, in words.</summary>
    public string? Previous { get; init; }
    /// <summary>Ends by itself then unless it is renewed. Compute holds end with the agent's lease: null.</summary>
    public DateTimeOffset? Expires { get; init; }
    /// <summary>VRAM in bytes that the workload held on its fullest GPU before: what must be free before it is given back; null for levers that keep the VRAM.</summary>
    public long? BytesBefore { get; init; }
    /// <summary>That GPU.</summary>
    public int? GpuBefore { get; init; }
    /// <summary>Share of the GPU time that it obtained lately by its SM use, or of the time by the freezer where that is unknown, 0..1; null while not measured.</summary>
    public double? ShareObtained { get; init; }
    /// <summary>Why it is held.</summary>
    public Reason? Reason { get; init; }
    /// <summary>Why it could not be given back yet; null while nobody tries or it is in force.</summary>
    public string? Stuck { get; init; }

    /// <summary>Released at every start and by the guard; state holds are adopted instead.</summary>
    public bool IsCompute => Lever is Lever.Gate or Lever.Share or Lever.Pause;
}

internal enum UndoKind
{
    /// <summary>Write <see cref="Undo.Value"/> to the file <see cref="Undo.Target"/> if it reads <see cref="Undo.Ours"/>.</summary>
    WriteIfOurs,
    /// <summary>Docker unpause of the container <see cref="Undo.Target"/>, if it is still in the life that was paused.</summary>
    Unpause,
    /// <summary>Docker start of the container <see cref="Undo.Target"/>, if nobody started it since.</summary>
    Start,
    /// <summary>Wake the model server in the container <see cref="Undo.Target"/>, with the recipe <see cref="Undo.Value"/>.</summary>
    Wake,
    /// <summary>Nothing to undo: what is written in the page <see cref="Undo.Target"/> counts only while the agent renews it.</summary>
    RunsOut,
    /// <summary>Lift the VRAM cap of the container <see cref="Undo.Target"/>.</summary>
    LiftCap,
}

/// <summary>How a hold is undone, as data: also by a program that knows nothing else. The guard does only the first two kinds.</summary>
/// <param name="Target">A file or a container id, as the kind says.</param>
internal sealed record Undo(UndoKind Kind, string Target, string? Ours = null, string? Value = null);

internal sealed record IneffectiveLever(string Workload, Lever Lever);

/// <summary>An impulse that was done.</summary>
/// <param name="Workload">By name: it outlives a restart.</param>
/// <param name="Key">See <see cref="Impulse.Key"/>.</param>
/// <param name="Helped">Null while not known; false: do not repeat.</param>
internal sealed record ImpulseRecord(string Workload, ImpulseKind Kind, RuleName Rule, string Key, DateTimeOffset At, bool? Helped);
