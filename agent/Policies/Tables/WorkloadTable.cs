using System.Globalization;
using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using MatchKey = Headroom.Policies.Binding.Key<Headroom.Model.WorkloadMatch>;
using SloKey = Headroom.Policies.Binding.Key<System.Collections.Generic.IReadOnlyList<Headroom.Model.Slo>>;
using VramKey = Headroom.Policies.Binding.Key<(long? Guarantee, long? Cap, double? Weight)>;
using WorkloadKey = Headroom.Policies.Binding.Key<Headroom.Model.WorkloadEntry>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of an entry of <c>workloads:</c>.</summary>
internal static class WorkloadTable
{
    private static readonly Mapping<WorkloadMatch> Match = new(
        "match", "{ composeService: recommender }", _ => new(),
        [
            MatchKey.Optional("container", Shapes.Glob, "Name of the container. Without * and ? it opts in to being acted on.", (m, v) => m with { Container = v }),
            MatchKey.Optional("composeService", Shapes.Glob, "Its compose service. Without * and ? it opts in to being acted on.", (m, v) => m with { ComposeService = v }),
            MatchKey.Optional("image", Shapes.Glob, "Its image, with or without tag. Only classifies.", (m, v) => m with { Image = v }),
            MatchKey.Optional("label", new ScalarShape<string>("a label", "com.example.team=search", Addresses.LabelMatch),
                "A label that it has: key, or key=value. Only classifies.", (m, v) => m with { Label = v }),
        ],
        NotEmpty<WorkloadMatch>("match"));

    private static readonly Mapping<IReadOnlyList<Slo>> Slos = new(
        "slo", "{ p95: 80ms }", _ => [],
        [
            .. SloWords.All.Select(word => SloKey.Optional(word, Shapes.Slo, $"The latency to keep at {word}.",
                (slos, v) => [.. slos, new(SloWords.Find(word)!.Value.Signal, SloWords.Find(word)!.Value.Rank, v)])),
        ],
        NotEmpty<IReadOnlyList<Slo>>("slo"));

    private static readonly Mapping<(long? Guarantee, long? Cap, double? Weight)> Vram = new(
        "vram", "{ guarantee: 20GiB, cap: 24GiB }", _ => (null, null, null),
        [
            VramKey.Optional("guarantee", Shapes.Vram, "VRAM that it may count on, per container and GPU.", (r, v) => r with { Guarantee = v }),
            VramKey.Optional("cap", Shapes.Vram, "VRAM that it may hold, per container and GPU.", (r, v) => r with { Cap = v }),
            VramKey.Optional("weight", new ScalarShape<double>("a number", "2", Scalars.Number, range: new("0.01 to 100", n => n is >= 0.01 and <= 100), json: ScalarJson.Weight),
                "Its weight among those of its priority, where VRAM is shared out; 1 by default.", (r, v) => r with { Weight = v }),
        ],
        (vram, mapping, problems) =>
        {
            NotEmpty<(long?, long?, double?)>("vram")(vram, mapping, problems);
            if (vram.Guarantee > vram.Cap && mapping.Find("guarantee")?.Value is YamlScalar guarantee && mapping.Find("cap")?.Value is YamlScalar cap)
                problems.Add(guarantee.At, $"guarantee {guarantee.Text} is more than cap {cap.Text}; nobody can count on more than it may hold");
        });

    public static readonly Mapping<WorkloadEntry> Workload = new(
        "a workload", "{ name: recommender, match: { composeService: recommender } }",
        mapping => new WorkloadEntry
        {
            Name = "",
            Match = new(),
            Source = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(mapping.At.File)}:{mapping.At.Line}"),
        },
        [
            WorkloadKey.Required("name", Shapes.Name, "What decisions and messages call the entry.", (w, v) => w with { Name = v }),
            WorkloadKey.Required("match", Match, "Which containers it is about; all that is given must match. The first entry that matches a container wins.", (w, v) => w with { Match = v }),
            WorkloadKey.Optional("mode", Shapes.Mode, "How far Headroom may go with it; never further than the policy's mode.", (w, v) => w with { Mode = v }),
            WorkloadKey.Optional("priority", Shapes.Priority, "critical must stay fast, batch can wait.", (w, v) => w with { Priority = v }),
            WorkloadKey.Optional("slo", Slos, "The latencies to keep.", (w, v) => w with { Slos = v }),
            WorkloadKey.Optional("vram", Vram, "What it may count on, and what it may hold.",
                (w, v) => w with { GuaranteeBytes = v.Guarantee, CapBytes = v.Cap, VramWeight = v.Weight }),
            WorkloadKey.Optional("yields", Shapes.Yields, "How it stands aside for a more important one: gate by default for batch, share for standard, never for critical.", (w, v) => w with { Yields = v }),
            WorkloadKey.Optional("share", UseTable.Share, "How much it keeps while it is slowed.", (w, v) => w with { Floor = v }),
            WorkloadKey.Optional("window", UseTable.Window, "When it may run; at any time when not given.", (w, v) => w with { Window = v }),
            WorkloadKey.Optional("group", UseTable.Group, "Whom it takes turns with, or scales with.", (w, v) => w with { Group = v }),
            WorkloadKey.Optional("restart", UseTable.Restart, "Whether and when Headroom may restart it; never when not given.", (w, v) => w with { Restart = v }),
            WorkloadKey.Optional("ports", new PortsShape(), "Container ports where its requests arrive; else from labels, presets and exposed ports.", (w, v) => w with { Ports = v }),
            WorkloadKey.Optional("metrics", MetricsTable.Metrics, "Where its latency is read; detected when not given.", (w, v) => w with { Metrics = v }),
        ]);

    private static Action<T, YamlMapping, Problems> NotEmpty<T>(string name) => (_, mapping, problems) =>
    {
        if (mapping.Entries.Count == 0)
            problems.Add(mapping.At, $"{name} is empty; remove it, or fill it in");
    };
}
