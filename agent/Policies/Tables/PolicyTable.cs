using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Calendar;
using DefaultsKey = Headroom.Policies.Binding.Key<Headroom.Model.Priority?>;
using PolicyKey = Headroom.Policies.Binding.Key<Headroom.Model.Policy>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of a policy file.</summary>
internal static class PolicyTable
{
    /// <summary>Stands in each file; all other keys stand once in a policy, but lists and windows, which add up.</summary>
    public const string ApiVersion = "apiVersion";

    private static readonly Mapping<Priority?> Defaults = new(
        "defaults", "{ priority: standard }", _ => null,
        [
            DefaultsKey.Optional("priority", Shapes.Priority, "Of a container that neither policy nor label gives one.", (_, v) => v),
        ]);

    public static readonly Mapping<Policy> Root = new(
        "a policy", "apiVersion: headroom/v1", _ => new() { Hash = "" },
        [
            PolicyKey.Required(ApiVersion, Shapes.OneOf("a version that this Headroom reads", ("headroom/v1", 1)), "The version of this format.", (p, _) => p),
            PolicyKey.Optional("mode", Shapes.Mode, "How far Headroom may go: observe (the default), recommend or enforce. The least of flag, policy, workload and label counts.", (p, v) => p with { Mode = v }),
            PolicyKey.Optional("enforceUntil", new ScalarShape<DateTimeOffset>("a date or an instant", "2027-01-31", TimeText.Until, json: ScalarJson.Until),
                "From then on enforce counts as recommend: for a trial. A date means all of that day in UTC; or an instant, as 2027-01-31T18:00:00+08:00.", (p, v) => p with { EnforceUntil = v }),
            PolicyKey.Optional("vram", LimitsTable.Vram, "How VRAM is shared out.", (p, v) => p with { Vram = v }),
            PolicyKey.Optional("defaults", Defaults, "What holds where nothing else is said.", (p, v) => p with { DefaultPriority = v ?? p.DefaultPriority }),
            PolicyKey.Optional("workloads", new ListShape<WorkloadEntry>(WorkloadTable.Workload), "Which containers matter how much. The first entry that matches wins.", (p, v) => p with { Workloads = [.. p.Workloads, .. v] }),
            PolicyKey.Optional("windows", WindowTable.Windows, "Named spans of time that come again, for workloads to keep to.", (p, v) => p with { Windows = [.. p.Windows, .. v] }),
            PolicyKey.Optional("rules", RulesTable.Rules, "How each rule works. What is not given has its defaults; rules.NAME: off turns one off.", (p, v) => p with { Rules = v }),
            PolicyKey.Optional("alerts", new ListShape<AlertPolicy>(TellTable.Alert), "What alerts may start.", (p, v) => p with { Alerts = [.. p.Alerts, .. v] }),
            PolicyKey.Optional("limits", LimitsTable.Limits, "How much Headroom may do at most, whatever the rules want.", (p, v) => p with { Limits = v }),
            PolicyKey.Optional("notify", new ListShape<NotifyChannel>(TellTable.Channel), "Who is told what was done.", (p, v) => p with { Notify = [.. p.Notify, .. v] }),
            PolicyKey.Optional("presets", new ListShape<Preset>(PresetTable.Preset), "How to read model servers that Headroom does not know.", (p, v) => p with { Presets = p.Presets.With(v) }),
        ]);
}
