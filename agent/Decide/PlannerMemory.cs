using Headroom.Decide.Rules;
using Headroom.Model;

namespace Headroom.Decide;

/// <summary>What the planner remembers from tick to tick: statistics and proposals still in force, one slice a rule. Immutable. By workload name: it outlives a restart.</summary>
internal sealed record PlannerMemory
{
    public static readonly PlannerMemory Empty = new();

    /// <summary>Where each workload stood last.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> Gpus { get; init; } = new Dictionary<string, IReadOnlyList<int>>();
    /// <summary>What each rule last wanted.</summary>
    public IReadOnlyDictionary<RuleName, Standing> Standing { get; init; } = new Dictionary<RuleName, Standing>();
    /// <summary>Since when each decision stands.</summary>
    public IReadOnlyDictionary<DecisionKey, MonoTime> Decided { get; init; } = new Dictionary<DecisionKey, MonoTime>();
    /// <summary>What each held workload was told last, by name.</summary>
    public IReadOnlyDictionary<string, HeldMemory> Held { get; init; } = new Dictionary<string, HeldMemory>();
    /// <summary>Workloads that were held for too long, and until when nobody holds them.</summary>
    public IReadOnlyDictionary<string, MonoTime> Resting { get; init; } = new Dictionary<string, MonoTime>();
    public string PolicyHash { get; init; } = "";
    public long PlanSeq { get; init; }

    public GuardMemory Guard { get; init; } = GuardMemory.Nothing;
    public GateMemory Gate { get; init; } = GateMemory.Nothing;
    public BlameMemory Blame { get; init; } = new();
    public BatchWindowMemory BatchWindow { get; init; } = new();
    public VramCapsMemory VramCaps { get; init; } = new();
    public FragmentationMemory Fragmentation { get; init; } = new();
    public RunawayMemory Runaway { get; init; } = new();
    public GpuHealthMemory GpuHealth { get; init; } = new();
    public TurnTakingMemory Turns { get; init; } = new();
    public ScaleMemory Scale { get; init; } = new();
}

/// <summary>What a rule wanted when it was last judged; in force until <paramref name="Until"/>.</summary>
internal sealed record Standing(IReadOnlyList<Proposal> Proposals, IReadOnlyList<RuleRemark> Remarks, MonoTime Until);

/// <param name="Rule">Who owns the lever.</param>
/// <param name="Since">Since when this rule owns it.</param>
/// <param name="StillSince">Since when it does not run at all; null while it gets a share.</param>
internal sealed record HeldMemory(RuleName Rule, RunLimit Limit, MonoTime Since, MonoTime? StillSince);

/// <summary>What makes two decisions the same one, whatever its numbers say.</summary>
internal readonly record struct DecisionKey(RuleName Rule, string? Workload, int? Gpu, Lever? Lever, string Code, double Limit);
