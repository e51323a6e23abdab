namespace Headroom.Model;

/// <summary>The key <c>rules:</c>. Each rule may be off, and has its own pace.</summary>
internal sealed record RulesPolicy
{
    public LatencyGuardSettings LatencyGuard { get; init; } = new();
    public GateSettings Gate { get; init; } = new();
    public BatchWindowSettings BatchWindow { get; init; } = new();
    public VramCapsSettings VramCaps { get; init; } = new();
    public FragmentationSettings Fragmentation { get; init; } = new();
    public RunawayMemorySettings RunawayMemory { get; init; } = new();
    public TurnTakingSettings TurnTaking { get; init; } = new();
    public ScaleSettings Scale { get; init; } = new();
    public GpuHealthSettings GpuHealth { get; init; } = new();

    /// <summary>Every rule with its settings, in the order in which they are judged.</summary>
    public IReadOnlyList<(RuleName Name, RuleSettings Settings)> All =>
    [
        (RuleName.GpuHealth, GpuHealth), (RuleName.BatchWindow, BatchWindow), (RuleName.Scale, Scale), (RuleName.TurnTaking, TurnTaking),
        (RuleName.RunawayMemory, RunawayMemory), (RuleName.VramCaps, VramCaps), (RuleName.Fragmentation, Fragmentation),
        (RuleName.Alert, new AlertSettings()), (RuleName.Gate, Gate), (RuleName.LatencyGuard, LatencyGuard),
    ];
}

/// <summary>Rules by their word in policies, metrics and the log.</summary>
internal enum RuleName { LatencyGuard, Gate, BatchWindow, VramCaps, Fragmentation, RunawayMemory, TurnTaking, Scale, GpuHealth, Alert }

internal static class RuleNames
{
    /// <summary>As policies write it: <c>latencyGuard</c>.</summary>
    public static string Word(this RuleName rule)
    {
        var name = rule.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}

/// <summary>What every rule has.</summary>
internal abstract record RuleSettings
{
    public bool Enabled { get; init; } = true;
    /// <summary>From judgement to judgement.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A rule that is not judged any more (its job hangs) loses its say after three of its intervals, this long at least.</summary>
    private static readonly TimeSpan LeastLife = TimeSpan.FromSeconds(10);

    /// <summary>How long what it wanted stands without a new judgement.</summary>
    public TimeSpan Life => Every * 3 > LeastLife ? Every * 3 : LeastLife;
}

/// <summary>Throttles lower priorities while a protected workload's pressure is high. Ratios of pressure, 1 = the SLO.</summary>
internal sealed record LatencyGuardSettings : RuleSettings
{
    public double EnterAbove { get; init; } = 1;
    public double LeaveBelow { get; init; } = 0.7;
    /// <summary>Pressure above <see cref="EnterAbove"/> this long at the floor suspends.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(3);
}

internal sealed record GateSettings : RuleSettings
{
    /// <summary>Stays closed this long after the last request ended.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;
    /// <summary>After this long without a run, batch gets its floor.</summary>
    public TimeSpan MaxClosed { get; init; } = TimeSpan.FromSeconds(2);
    /// <summary>Once open, at least this long, whoever comes: a request that arrives meanwhile waits for it. Slices of a floor are 5 ms at least, whatever this says.</summary>
    public TimeSpan MinRun { get; init; } = TimeSpan.Zero;
}

internal sealed record BatchWindowSettings : RuleSettings;

internal sealed record VramCapsSettings : RuleSettings
{
    public VramCapsSettings() => Every = TimeSpan.FromSeconds(2);

    /// <summary>From the start of a container until its use is taken for its need (strategies dynamic and priority): a large model loads for minutes.</summary>
    public TimeSpan StartUp { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>When a fragmented container may be restarted.</summary>
internal enum FragmentationWhen { Idle, Window, Always }

internal sealed record FragmentationSettings : RuleSettings
{
    public FragmentationSettings() => Every = TimeSpan.FromMinutes(1);

    /// <summary>Part of the reserved memory that is of no use, 0..1.</summary>
    public double Above { get; init; } = 0.3;
    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(10);
    public FragmentationWhen When { get; init; } = FragmentationWhen.Idle;
}

internal sealed record RunawayMemorySettings : RuleSettings
{
    public RunawayMemorySettings() => Every = TimeSpan.FromSeconds(5);

    public TimeSpan ExhaustsWithin { get; init; } = TimeSpan.FromMinutes(10);
}

internal sealed record TurnTakingSettings : RuleSettings
{
    public TimeSpan Quantum { get; init; } = TimeSpan.FromSeconds(30);
}

internal sealed record ScaleSettings : RuleSettings
{
    public ScaleSettings() => Every = TimeSpan.FromSeconds(5);
}

internal sealed record GpuHealthSettings : RuleSettings
{
    public GpuHealthSettings() => Every = TimeSpan.FromSeconds(5);
}

/// <summary>Holds that alerts start; set by <see cref="Policy.Alerts"/>, always on.</summary>
internal sealed record AlertSettings : RuleSettings;
