using Headroom.Model;
using Headroom.Policies.Binding;

namespace Headroom.Policies;

/// <summary>One label: how it is written, what it means, and what becomes of it.</summary>
/// <param name="Read">The values with this label's put in, or why its text is none.</param>
/// <param name="WhenUnreadable">What a label that only restricts does when it cannot be read: it restricts.</param>
internal sealed record LabelKey(
    string Name, Shape Shape, string Doc, Func<LabelValues, string, (LabelValues Values, string? Error)> Read,
    Func<LabelValues, LabelValues>? WhenUnreadable = null, string? Then = null);

/// <summary>All labels that Headroom reads, in the grammar of the policy file.</summary>
internal static class LabelTable
{
    public const string Prefix = "headroom.";

    private static readonly ScalarShape<string> Role = Shapes.OneOf("a part of Headroom", ("agent", "agent"), ("guard", "guard"), ("monitoring", "monitoring"));

    public static readonly IReadOnlyList<LabelKey> All =
    [
        Of("enable", Shapes.YesOrNo, "Headroom may act on this container.", (l, v) => l with { Enable = v },
            l => l with { Enable = false }, "the container is not enabled until then"),
        Of("exempt", Shapes.YesOrNo, "Headroom never acts on this container.", (l, v) => l with { Exempt = v },
            l => l with { Exempt = true }, "the container is exempt until then"),
        Of("role", Role, "This container is a part of Headroom, which never acts on itself.", (l, v) => l with { Role = v },
            l => l with { Exempt = true }, "the container is exempt until then"),
        Of("mode", Shapes.Mode, "How far Headroom may go with it; only lowers what the policy says.", (l, v) => l with { Mode = v },
            l => l with { Mode = Mode.Observe }, "it is only observed until then"),
        Of("priority", Shapes.Priority, "critical must stay fast, batch can wait.", (l, v) => l with { Priority = v }),
        .. SloWords.All.Select(word => Of($"slo.{word}", Shapes.Slo, $"The latency to keep at {word}.",
            (l, v) => l with { Slos = [.. l.Slos, new(SloWords.Find(word)!.Value.Signal, SloWords.Find(word)!.Value.Rank, v)] })),
        Of("vram.guarantee", Shapes.Vram, "VRAM that it may count on, per GPU.", (l, v) => l with { GuaranteeBytes = v }),
        Of("vram.cap", Shapes.Vram, "VRAM that it may hold, per GPU.", (l, v) => l with { CapBytes = v }),
        Of("window", Shapes.WindowName, "The window of the policy in which it may run.", (l, v) => l with { Window = v }),
        Of("yields", Shapes.Yields, "How it stands aside for a more important one.", (l, v) => l with { Yields = v }),
        Of("group", Shapes.GroupName, "The group of the policy that it takes turns or scales with.", (l, v) => l with { Group = v }),
        Of("ports", Shapes.PortList, "Container ports where its requests arrive.", (l, v) => l with { Ports = v }),
        Of("metrics", Shapes.PresetName, "The preset to read it by.", (l, v) => l with { MetricsPreset = v }),
        Of("metrics.port", Shapes.Port, "Container port of its metrics.", (l, v) => l with { MetricsPort = v }),
        Of("metrics.path", Shapes.HttpPath, "Path of its metrics.", (l, v) => l with { MetricsPath = v }),
    ];

    private static LabelKey Of<V>(
        string name, ScalarShape<V> shape, string doc, Func<LabelValues, V, LabelValues> set,
        Func<LabelValues, LabelValues>? whenUnreadable = null, string? then = null) =>
        new(Prefix + name, shape, doc,
            (values, text) => shape.Parse(text) is var parsed && parsed.Ok(out var value) ? (set(values, value), null) : (values, parsed.Error),
            whenUnreadable, then);
}
