using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using FragmentationKey = Headroom.Policies.Binding.Key<Headroom.Model.FragmentationSettings>;
using GateKey = Headroom.Policies.Binding.Key<Headroom.Model.GateSettings>;
using GuardKey = Headroom.Policies.Binding.Key<Headroom.Model.LatencyGuardSettings>;
using RulesKey = Headroom.Policies.Binding.Key<Headroom.Model.RulesPolicy>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of <c>rules:</c>. Each rule is on with its defaults unless it is given; <c>off</c> stands for <c>{ enabled: false }</c>.</summary>
internal static class RulesTable
{
    public static readonly Mapping<RulesPolicy> Rules = new(
        "rules", "{ latencyGuard: { enterAbove: 100% } }", _ => new(),
        [
            RulesKey.Optional("latencyGuard", Rule<LatencyGuardSettings>("latencyGuard", "{ every: 1s, enterAbove: 100%, leaveBelow: 70%, for: 3s }",
                [
                    GuardKey.Optional("enterAbove", Shapes.Percent("10%", "1000%", "100%"), "Pressure above which neighbours are slowed; 100% (the default) is the SLO.", (r, v) => r with { EnterAbove = v }),
                    GuardKey.Optional("leaveBelow", Shapes.Percent("1%", "1000%", "70%"), "Pressure below which they get their share back; 70% by default.", (r, v) => r with { LeaveBelow = v }),
                    GuardKey.Optional("for", Shapes.Within("0", "1h", "3s"), "How long the pressure must last with all at their floor before they are suspended; 3s by default.", (r, v) => r with { For = v }),
                ], CheckGuard),
                "Slows lower priorities while a protected workload is too slow.", (r, v) => r with { LatencyGuard = v }),
            RulesKey.Optional("gate", Rule<GateSettings>("gate", "{ linger: 0ms, maxClosed: 2s, minRun: 0ms }",
                [
                    GateKey.Optional("linger", Shapes.Within("0", "10s", "20ms"), "How long it stays closed after the last request; 0 by default. Raised to 20 ms at most while pauses are shorter than the drain.", (r, v) => r with { Linger = v }),
                    GateKey.Optional("maxClosed", Shapes.Within("10ms", "10m", "2s"), "Closed for so long, it lets batch have its floor; 2s by default.", (r, v) => r with { MaxClosed = v }),
                    GateKey.Optional("minRun", Shapes.Within("0", "1s", "5ms"), "Once open, at least this long, whoever comes: a request that arrives meanwhile waits for it; 0 by default. A slice of the floor is 5 ms at least.", (r, v) => r with { MinRun = v }),
                ]),
                "Lets those that yield run only while no important request is in flight.", (r, v) => r with { Gate = v }),
            RulesKey.Optional("batchWindow", Rule<BatchWindowSettings>("batchWindow", "{ every: 1s }", []), "Keeps workloads to their windows.", (r, v) => r with { BatchWindow = v }),
            RulesKey.Optional("vramCaps", Rule<VramCapsSettings>("vramCaps", "{ every: 2s, startUp: 5m }",
                [
                    Key<VramCapsSettings>.Optional("startUp", Shapes.Within("0", "1d", "5m"), "From the start of a container until its use is taken for its need (strategies dynamic and priority): a large model loads for minutes; 5m by default.", (r, v) => r with { StartUp = v }),
                ]),
                "Keeps VRAM guarantees and caps.", (r, v) => r with { VramCaps = v }),
            RulesKey.Optional("fragmentation", Rule<FragmentationSettings>("fragmentation", "{ every: 1m, above: 30%, for: 10m, when: idle }",
                [
                    FragmentationKey.Optional("above", Shapes.Percent("1%", "100%", "30%"), "Part of the reserved memory that is of no use; 30% by default.", (r, v) => r with { Above = v }),
                    FragmentationKey.Optional("for", Shapes.Within("0", "7d", "10m"), "How long; 10m by default.", (r, v) => r with { For = v }),
                    FragmentationKey.Optional("when", PolicyWords.When.Shape, "When it may be restarted: idle (the default), within its window, or always.", (r, v) => r with { When = v }),
                ]),
                "Restarts what holds much memory that is of no use to it, where restart.allowed says so.", (r, v) => r with { Fragmentation = v }),
            RulesKey.Optional("runawayMemory", Rule<RunawayMemorySettings>("runawayMemory", "{ every: 5s, exhaustsWithin: 10m }",
                [
                    Key<RunawayMemorySettings>.Optional("exhaustsWithin", Shapes.Within("10s", "1d", "10m"), "It acts when the card would be full in less than this; 10m by default.", (r, v) => r with { ExhaustsWithin = v }),
                ]),
                "Stops a workload whose memory grows until its neighbours would run out.", (r, v) => r with { RunawayMemory = v }),
            RulesKey.Optional("turnTaking", Rule<TurnTakingSettings>("turnTaking", "{ quantum: 30s }",
                [
                    Key<TurnTakingSettings>.Optional("quantum", Shapes.Within("1s", "1d", "30s"), "How long a turn is; 30s by default.", (r, v) => r with { Quantum = v }),
                ]),
                "Lets the members of a group in mode turns run one at a time.", (r, v) => r with { TurnTaking = v }),
            RulesKey.Optional("scale", Rule<ScaleSettings>("scale", "{ every: 5s }", []), "Wakes and puts back the members of a group in mode scale.", (r, v) => r with { Scale = v }),
            RulesKey.Optional("gpuHealth", Rule<GpuHealthSettings>("gpuHealth", "{ every: 5s }", []), "Starts nothing on a GPU that is ill, and tells people.", (r, v) => r with { GpuHealth = v }),
        ]);

    private static OrOffShape<T> Rule<T>(string name, string example, IReadOnlyList<Key<T>> keys, Action<T, YamlMapping, Problems>? check = null) where T : RuleSettings, new()
    {
        var every = PolicyText.Duration(new T().Every);
        return new(
            new(name, example, _ => new(),
                [
                    Key<T>.Optional("enabled", Shapes.YesOrNo, "false: the rule is off. The word off in place of the mapping says the same.", (r, v) => (T)((RuleSettings)r with { Enabled = v })),
                    Key<T>.Optional("every", Shapes.Within("100ms", "1h", every), $"From judgement to judgement; {every} by default.", (r, v) => (T)((RuleSettings)r with { Every = v })),
                    .. keys,
                ],
                check),
            (T)((RuleSettings)new T() with { Enabled = false }));
    }

    private static void CheckGuard(LatencyGuardSettings rule, YamlMapping mapping, Problems problems)
    {
        if (rule.LeaveBelow > rule.EnterAbove && (mapping.Find("leaveBelow") ?? mapping.Find("enterAbove")) is { } entry)
            problems.Add(entry.Value.At, $"leaveBelow ({PolicyText.Percent(rule.LeaveBelow)}) is above enterAbove ({PolicyText.Percent(rule.EnterAbove)}); what is slowed would be let go at once");
    }
}
