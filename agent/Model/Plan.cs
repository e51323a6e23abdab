namespace Headroom.Model;

/// <summary>What every workload should be doing now, and why: the whole wanted state, not a difference. What it does not name is free.</summary>
internal sealed record Plan
{
    public required long Seq { get; init; }
    public required long SnapshotSeq { get; init; }
    public required string PolicyHash { get; init; }
    /// <summary>Rules that were judged anew; what the others wanted before still stands.</summary>
    public IReadOnlyList<RuleName> Due { get; init; } = [];
    /// <summary>One entry a workload of which anything is wanted, sorted by name.</summary>
    public IReadOnlyList<Wanted> Wanted { get; init; } = [];
    public IReadOnlyList<YieldRelation> Yields { get; init; } = [];
    public IReadOnlyList<Impulse> Impulses { get; init; } = [];
    /// <summary>Every move and every refusal that stands, new ones marked.</summary>
    public IReadOnlyList<Decision> Decisions { get; init; } = [];
    /// <summary>One entry a breach that goes on.</summary>
    public IReadOnlyList<BlameReport> Blames { get; init; } = [];
    /// <summary>Where each workload below a protected one stands, by name.</summary>
    public IReadOnlyDictionary<string, ThrottleState> States { get; init; } = new Dictionary<string, ThrottleState>();

    /// <summary>Whether it wants anything of Act.</summary>
    public bool IsEmpty => Wanted.Count == 0 && Yields.Count == 0 && Impulses.Count == 0;
}

/// <summary>What a workload may do, milder first: of several wishes the last counts.</summary>
internal enum RunState
{
    Free,
    /// <summary>Runs a share of the time.</summary>
    Share,
    Paused,
    /// <summary>Its server has given back its VRAM, the container runs.</summary>
    Asleep,
    Stopped,
}

/// <param name="Share">Share of time, 0..1; 1 when free, 0 when it does not run.</param>
internal readonly record struct RunLimit(RunState State, double Share) : IComparable<RunLimit>
{
    public static readonly RunLimit Free = new(RunState.Free, 1);
    public static readonly RunLimit Paused = new(RunState.Paused, 0);
    public static readonly RunLimit Asleep = new(RunState.Asleep, 0);
    public static readonly RunLimit Stopped = new(RunState.Stopped, 0);

    public Lever Lever => State switch
    {
        RunState.Paused => Lever.Pause,
        RunState.Asleep => Lever.Sleep,
        RunState.Stopped => Lever.Stop,
        _ => Lever.Share,
    };

    public static RunLimit AtShare(double share) => share >= 1 ? Free : share <= 0 ? Paused : new(RunState.Share, share);

    /// <summary>Larger is stricter.</summary>
    public int CompareTo(RunLimit other) => State != other.State ? State.CompareTo(other.State) : other.Share.CompareTo(Share);
}

/// <summary>What is wanted of one workload.</summary>
/// <param name="Mode">How far Act may go: below enforce it touches nothing.</param>
internal sealed record Wanted(WorkloadId Workload, Mode Mode, WantedRun? Run, IReadOnlyList<WantedCap> Caps);

/// <param name="Rule">The one owner of this lever.</param>
/// <param name="Since">When this rule began to want less than a free run.</param>
internal sealed record WantedRun(RunLimit Limit, RuleName Rule, Reason Reason, MonoTime Since);

/// <param name="Bytes">Per container, on this GPU.</param>
internal sealed record WantedCap(int Gpu, long Bytes, RuleName Rule, Reason Reason);

/// <summary>How something is done to a workload.</summary>
internal enum Lever { Gate, Share, Pause, Sleep, Stop, Cap, Restart, Start }

/// <summary>Batch stands aside while a protected workload has a request in flight.</summary>
/// <param name="Linger">Stays closed this long after the last request ended.</param>
/// <param name="MaxClosed">After this long without a run it gets its floor.</param>
/// <param name="MinRun">Once open, at least this long.</param>
/// <param name="Floor">Share 0..1 that it gets when <paramref name="MaxClosed"/> has passed.</param>
/// <param name="Via">By which hand.</param>
internal sealed record YieldRelation(
    WorkloadId Batch, IReadOnlyList<WorkloadId> Protected, int Gpu, TimeSpan Linger, TimeSpan MaxClosed, TimeSpan MinRun, double Floor, Mode Mode, Reason Reason,
    GateVia Via = GateVia.Freezer);

internal enum ImpulseKind { Restart, Start }

/// <summary>What can't be undone. Stays in the plan until Act has done or refused it.</summary>
/// <param name="Key">The same key is done once: Act keeps what it did (see <see cref="ImpulseRecord"/>).</param>
internal sealed record Impulse(WorkloadId Workload, ImpulseKind Kind, RuleName Rule, string Key, Mode Mode, Reason Reason)
{
    public Lever Lever => Kind == ImpulseKind.Restart ? Lever.Restart : Lever.Start;
}

internal enum Verdict
{
    /// <summary>Takes something from the workload, or does something to it.</summary>
    Move,
    /// <summary>Gives back.</summary>
    Release,
    /// <summary>Would have, but may not or need not.</summary>
    Refuse,
    /// <summary>Only tells people.</summary>
    Note,
}

/// <summary>One thing that was decided, with its reason.</summary>
/// <param name="Workload">About whom; null: about a GPU or the node.</param>
/// <param name="Since">When it was decided first.</param>
/// <param name="IsNew">Decided in this tick: goes to the log and is counted.</param>
internal sealed record Decision(Verdict Verdict, RuleName Rule, string? Workload, int? Gpu, Lever? Lever, Mode Mode, Reason Reason, MonoTime Since, bool IsNew);

/// <summary>Where a workload stands below a protected one. Down at once, up only after a while.</summary>
internal enum ThrottleState
{
    Healthy,
    /// <summary>Runs less than it could.</summary>
    Pressure,
    /// <summary>Runs its floor.</summary>
    Throttled,
    Suspended,
    /// <summary>Stopped or asleep: its VRAM is free too.</summary>
    Evicted,
}

/// <summary>Who rose before a breach.</summary>
/// <param name="Protected">Whose SLO is broken.</param>
/// <param name="Since">When the breach began.</param>
internal sealed record BlameReport(string Protected, int Gpu, MonoTime Since, IReadOnlyList<Blamed> Neighbours);

/// <param name="Score">0..1: how much it rose, all signs together.</param>
/// <param name="Sign">The sign that the score comes from.</param>
/// <param name="Guilty">Stands out: it is throttled first.</param>
/// <param name="SmRise">Rise of SM use, 1 = the whole GPU; null when not known.</param>
/// <param name="MemoryRiseBytes">Rise of VRAM.</param>
/// <param name="RunningRise">Rise of requests in work; null when not known.</param>
internal sealed record Blamed(string Workload, double Score, BlameSign Sign, bool Guilty, double? SmRise, long MemoryRiseBytes, double? RunningRise);

internal enum BlameSign { Sm, Memory, Requests }
