using Headroom.Model;

namespace Headroom.Policies;

/// <summary>Container + policy -> what holds for it. Pure. The policy's entry wins over labels, key by key; but a label may always
/// restrict: exempt, not enabled, a lower mode.</summary>
internal static class Classifier
{
    public static WorkloadPolicy Classify(ContainerSample container, Policy policy)
    {
        var entry = policy.Workloads.FirstOrDefault(candidate => candidate.Match.Matches(container));
        var labels = Labels.Read(container.Labels, policy.Presets);
        var priority = entry?.Priority ?? labels.Priority ?? policy.DefaultPriority;
        var exempt = labels.Exempt == true || IsOwn(container, labels);
        var mistakes = labels.Mistakes;
        var (guarantee, cap) = Vram(entry, labels, ref mistakes);
        var window = entry?.Window ?? Window(labels, policy, ref mistakes);
        var group = entry?.Group?.Name ?? Group(labels, policy, ref mistakes);
        return new()
        {
            Entry = entry?.Name,
            Managed = !exempt && (labels.Enable ?? entry?.Match.OptsIn ?? false),
            Exempt = exempt,
            Mode = policy.Mode.AtMost(entry?.Mode).AtMost(labels.Mode),
            Priority = priority,
            Yields = entry?.Yields ?? labels.Yields ?? DefaultYields(priority),
            Slos = [.. entry?.Slos ?? [], .. labels.Slos.Where(slo => entry is null || !entry.Slos.Any(own => own.Signal == slo.Signal && own.Rank == slo.Rank))],
            GuaranteeBytes = guarantee,
            CapBytes = cap,
            Ports = entry is { Ports.Count: > 0 } ? entry.Ports : labels.Ports,
            Metrics = entry?.Metrics ?? MetricsOf(labels),
            VramWeight = entry?.VramWeight ?? 1,
            Floor = entry?.Floor ?? WorkloadPolicy.FloorOf(priority),
            Window = window,
            Group = group is null ? null : policy.Group(group),
            Restart = entry?.Restart ?? new RestartPolicy(),
            LabelMistakes = mistakes,
        };
    }

    /// <summary>Headroom's own stack, which it must never hold: it would hold itself.</summary>
    private static bool IsOwn(ContainerSample container, LabelValues labels) =>
        labels.Role is not null || Matcher.Repository(container.Image).Split('/')[^1].Equals("headroom", StringComparison.OrdinalIgnoreCase);

    /// <summary>Where neither policy nor label says.</summary>
    public static Yields DefaultYields(Priority priority) => priority switch
    {
        Priority.Critical => Yields.Never,
        Priority.Batch => Yields.Gate,
        _ => Yields.Share,
    };

    private static (long? Guarantee, long? Cap) Vram(WorkloadEntry? entry, LabelValues labels, ref IReadOnlyList<string> mistakes)
    {
        var guarantee = entry?.GuaranteeBytes ?? labels.GuaranteeBytes;
        var cap = entry?.CapBytes ?? labels.CapBytes;
        if (!(guarantee > cap))
            return (guarantee, cap);
        // Each alone is right, so one is the policy's, which wins.
        var label = entry!.GuaranteeBytes is null ? "headroom.vram.guarantee" : "headroom.vram.cap";
        mistakes = [.. mistakes, $"label {label}: does not fit the policy's entry {Wording.Quote(entry.Name)} (the guarantee would be more than the cap); remove it or change it there"];
        return (entry.GuaranteeBytes, entry.CapBytes);
    }

    /// <summary>Windows exist only in a policy.</summary>
    private static WindowUse? Window(LabelValues labels, Policy policy, ref IReadOnlyList<string> mistakes)
    {
        if (labels.Window is not { } name)
            return null;
        if (policy.Windows.Any(window => window.Name == name))
            return new WindowUse(name);
        mistakes = [.. mistakes, $"label headroom.window: the policy has no window {Wording.Quote(name)}; {Wording.Instead(name, [.. policy.Windows.Select(window => window.Name)])} (the container keeps to no window until then)"];
        return null;
    }

    /// <summary>What a group does is said by the policy's entries that are in it.</summary>
    private static string? Group(LabelValues labels, Policy policy, ref IReadOnlyList<string> mistakes)
    {
        if (labels.Group is not { } name || policy.Group(name) is not null)
            return labels.Group;
        var groups = policy.Workloads.Select(entry => entry.Group?.Name).OfType<string>().Distinct().ToList();
        mistakes = [.. mistakes, $"label headroom.group: no entry of the policy has a group {Wording.Quote(name)}; {Wording.Instead(name, groups)} (the container is in no group until then)"];
        return null;
    }

    private static MetricsSource? MetricsOf(LabelValues labels) =>
        labels is { MetricsPreset: null, MetricsPort: null, MetricsPath: null } ? null : new(labels.MetricsPreset, labels.MetricsPort, labels.MetricsPath);
}
