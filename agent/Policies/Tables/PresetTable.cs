using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using DetectKey = Headroom.Policies.Binding.Key<Headroom.Model.PresetDetection>;
using FieldsKey = Headroom.Policies.Binding.Key<System.Collections.Generic.IReadOnlyDictionary<string, System.Collections.Generic.IReadOnlyList<Headroom.Model.PresetField>>>;
using PresetKey = Headroom.Policies.Binding.Key<Headroom.Model.Preset>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of a preset: the built-in files' and those of a policy's <c>presets:</c>.</summary>
internal static class PresetTable
{
    private static readonly Mapping<PresetDetection> Detection = new(
        "detect", "{ images: [vllm/vllm-openai] }", _ => new(),
        [
            DetectKey.Optional("images", Shapes.Texts, "Ends of image repositories, without registry, tag and digest; a trailing * matches the rest.", (d, v) => d with { Images = v }),
            DetectKey.Optional("argv", Shapes.Texts, "Words of the command line.", (d, v) => d with { Argv = v }),
            DetectKey.Optional("env", Shapes.Texts, "Names of environment variables.", (d, v) => d with { Env = v }),
            DetectKey.Optional("prefixes", Shapes.Texts, "Beginnings of metric names; of a JSON answer, a property that it has.", (d, v) => d with { Prefixes = v }),
            DetectKey.Optional("portFlags", Shapes.Texts, "Command line flags that carry the port.", (d, v) => d with { PortFlags = v }),
        ]);

    private static readonly Mapping<IReadOnlyDictionary<string, IReadOnlyList<PresetField>>> Fields = new(
        "fields", "{ e2e: { histogram: my_request_seconds } }", _ => new Dictionary<string, IReadOnlyList<PresetField>>(),
        [
            .. PresetFields.All.Select(word => FieldsKey.Optional(
                word, new OneOrManyShape<PresetField>(PresetFieldTable.Field), PresetFieldTable.Doc(word),
                (fields, v) => new Dictionary<string, IReadOnlyList<PresetField>>(fields) { [word] = v })),
        ]);

    public static readonly Mapping<Preset> Preset = new(
        "a preset", "{ name: my-server, paths: [/metrics], fields: ... }", _ => new Preset { Name = "" },
        [
            PresetKey.Required("name", Shapes.PresetName, "What workloads and labels call it. A preset of a policy replaces the built-in one of the same name.", (p, v) => p with { Name = v }),
            PresetKey.Optional("verified", Shapes.OneOf("a kind of evidence", ("capture", PresetEvidence.Capture), ("docs", PresetEvidence.Docs)),
                "Whether the names were checked against a real answer or only against documents.", (p, v) => p with { Verified = v }),
            PresetKey.Optional("format", Shapes.OneOf("a format", ("prometheus", PresetFormat.Prometheus), ("json", PresetFormat.Json)),
                "What the server answers with.", (p, v) => p with { Format = v }),
            PresetKey.Optional("ports", new ListShape<int>(Shapes.Port), "Ports to try when neither policy, labels nor command line name one.", (p, v) => p with { Ports = v }),
            PresetKey.Required("paths", new ListShape<string>(Shapes.HttpPath), "Paths to try, in order; nothing else is ever asked.", (p, v) => p with { Paths = v }),
            PresetKey.Optional("refresh", Shapes.Duration, "How often the server refreshes its metrics, when not at each request.", (p, v) => p with { Refresh = v }),
            PresetKey.Optional("detect", Detection, "What gives such a server away.", (p, v) => p with { Detect = v }),
            PresetKey.Required("fields", Fields, "What to read: one source, or a list of which the first that the server has wins.", (p, v) => p with { Fields = v }),
        ],
        Check);

    private static void Check(Preset preset, YamlMapping mapping, Problems problems)
    {
        foreach (var key in (string[])["paths", "fields"])
            if (mapping.Find(key)?.Value is YamlSequence { Items.Count: 0 } or YamlMapping { Entries.Count: 0 })
                problems.Add(mapping.Find(key)!.Key.At, $"{key} is empty; a preset needs at least one");
        if (mapping.Find("fields")?.Value is YamlMapping fields)
            foreach (var entry in fields.Entries)
                if (PresetFields.All.Contains(entry.Key.Text))
                    PresetFieldTable.Check(entry, preset.Format, problems);
    }
}
