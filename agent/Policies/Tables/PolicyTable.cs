using Headroom.Model;
using Headroom.Policies.Binding;
using DefaultsKey = Headroom.Policies.Binding.Key<Headroom.Model.Priority?>;
using PolicyKey = Headroom.Policies.Binding.Key<Headroom.Model.Policy>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of a policy file.</summary>
internal static class PolicyTable
{
    /// <summary>Stands in each file; all other keys but lists stand once in a policy.</summary>
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
            PolicyKey.Optional("defaults", Defaults, "What holds where nothing else is said.", (p, v) => p with { DefaultPriority = v ?? p.DefaultPriority }),
            PolicyKey.Optional("workloads", new ListShape<WorkloadEntry>(WorkloadTable.Workload), "Which containers matter how much. The first entry that matches wins.", (p, v) => p with { Workloads = [.. p.Workloads, .. v] }),
            PolicyKey.Optional("presets", new ListShape<Preset>(PresetTable.Preset), "How to read model servers that Headroom does not know.", (p, v) => p with { Presets = p.Presets.With(v) }),
        ]);
}
