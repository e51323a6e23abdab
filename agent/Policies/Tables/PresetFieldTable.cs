using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using FieldKey = Headroom.Policies.Binding.Key<Headroom.Model.PresetField>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of one source of a preset's field, and which of them fit which field.</summary>
internal static class PresetFieldTable
{
    private static readonly IReadOnlyList<string> Sources = ["histogram", "summary", "counter", "gauge", "sum"];
    private static readonly IReadOnlyList<string> LatencySources = ["histogram", "summary", "sum"];
    private static readonly IReadOnlyList<string> NumberSources = ["gauge", "counter"];

    private static readonly IReadOnlyList<(string Word, double Value)> TimeUnits = [("s", 1), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)];
    private static readonly IReadOnlyList<(string Word, double Value)> ByteUnits =
    [
        ("bytes", 1), ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("MB", 1e6), ("GB", 1e9),
    ];
    private static readonly IReadOnlyList<(string Word, double Value)> RatioUnits = [("percent", 0.01)];

    public static readonly Mapping<PresetField> Field = new(
        "a source", "{ gauge: my_requests_running }", _ => new("", PresetFieldKind.Gauge),
        [
            Source("histogram", PresetFieldKind.Histogram, "A histogram, without _bucket, _sum or _count."),
            Source("summary", PresetFieldKind.Summary, "A summary: quantiles that the server computes itself."),
            Source("counter", PresetFieldKind.Counter, "A counter."),
            Source("gauge", PresetFieldKind.Gauge, "A gauge; of a JSON answer, a path such as models[].size_vram."),
            Source("sum", PresetFieldKind.SumAndCount, "A counter of time spent; with count it gives a mean and no more."),
            FieldKey.Optional("count", Shapes.Text, "For sum: the counter of what was summed.", (f, v) => f with { Count = v }),
            FieldKey.Optional("unit", Shapes.OneOf("a unit", [.. TimeUnits, .. ByteUnits, .. RatioUnits]), "What one unit of it is.", (f, v) => f with { Unit = v }),
            FieldKey.Optional("where", new TextMapShape("labels and their values", "{ tp_rank: \"0\" }"), "Labels that a series must have; with ! in front of the value, must not have.", (f, v) => f with { Where = v }),
            FieldKey.Optional("minus", Shapes.Text, "Of a JSON answer: a path whose value is taken off.", (f, v) => f with { Minus = v }),
        ],
        CheckSource);

    public static string Doc(string word) => word switch
    {
        PresetFields.EndToEnd => "Latency of whole requests.",
        PresetFields.TimeToFirstToken => "Time to the first token.",
        PresetFields.InterToken => "Time between two tokens.",
        PresetFields.Queue => "Time that requests wait before work on them begins.",
        PresetFields.Running => "Requests being worked on.",
        PresetFields.Waiting => "Requests waiting.",
        PresetFields.Requests => "Requests completed since the start.",
        PresetFields.Failed => "Requests failed since the start.",
        PresetFields.PromptTokens => "Tokens read since the start.",
        PresetFields.GeneratedTokens => "Tokens written since the start.",
        PresetFields.KvCache => "Use of the KV cache.",
        PresetFields.Reserved => "GPU memory that the framework has reserved.",
        PresetFields.Allocated => "The part of it that is in use.",
        _ => throw new ArgumentOutOfRangeException(nameof(word), word, "a field without a doc"),
    };

    /// <summary>Does each source of the field fit it and the preset's format?</summary>
    public static void Check(YamlEntry field, PresetFormat format, Problems problems)
    {
        var word = field.Key.Text;
        foreach (var node in field.Value is YamlSequence list ? list.Items : [field.Value])
        {
            if (node is not YamlMapping source)
                continue;
            foreach (var entry in source.Entries)
                if (WhyNot(word, format, entry) is { } why)
                    problems.Add(entry.Key.At, why);
        }
    }

    private static string? WhyNot(string word, PresetFormat format, YamlEntry entry)
    {
        var latency = PresetFields.Signal(word) is not null;
        var key = entry.Key.Text;
        if (key == "unit" && entry.Value is YamlScalar unit)
            return UnitMisfit(word, latency, unit.Text);
        if (format == PresetFormat.Json && latency && Sources.Contains(key))
            return $"{word} cannot be read from a JSON answer; remove it";
        if (format == PresetFormat.Json && (key is "where" || (Sources.Contains(key) && key != "gauge")))
            return $"{key} does not exist in a JSON answer; write gauge and a path";
        if (format == PresetFormat.Prometheus && key == "minus")
            return "minus is for JSON answers only; remove it, or write format: json";
        var fitting = latency ? LatencySources : NumberSources;
        if (Sources.Contains(key) && !fitting.Contains(key))
            return $"{word} cannot be read from a {key}; write {Wording.Or(fitting)}";
        return Sources.Contains(key) || key == "count" ? NameMisfit(format, entry) : null;
    }

    private static string? NameMisfit(PresetFormat format, YamlEntry entry) =>
        format == PresetFormat.Prometheus && entry.Value is YamlScalar { IsNothing: false } name && Addresses.MetricName(name.Text).Error is { } error
            ? $"{entry.Key.Text}: {error}"
            : null;

    private static string? UnitMisfit(string word, bool latency, string unit)
    {
        var all = TimeUnits.Concat(ByteUnits).Concat(RatioUnits);
        var fitting = latency ? TimeUnits
            : word is PresetFields.Reserved or PresetFields.Allocated ? ByteUnits
            : word == PresetFields.KvCache ? RatioUnits
            : [];
        if (!all.Any(u => u.Word == unit) || fitting.Any(u => u.Word == unit))
            return null;
        return fitting.Count == 0 ? $"{word} is a number without a unit; remove unit" : $"{word} is not measured in {unit}; write {Wording.Or([.. fitting.Select(u => u.Word)])}";
    }

    /// <summary>The key that such a source is written with.</summary>
    public static string Source(PresetFieldKind kind) => kind switch
    {
        PresetFieldKind.Histogram => "histogram",
        PresetFieldKind.Summary => "summary",
        PresetFieldKind.Counter => "counter",
        PresetFieldKind.SumAndCount => "sum",
        _ => "gauge",
    };

    /// <summary>The unit of a field's source as it is written; null for what needs none.</summary>
    public static string? Unit(string word, double unit) =>
        unit == 1 ? null : (PresetFields.Signal(word) is not null ? TimeUnits : word == PresetFields.KvCache ? RatioUnits : ByteUnits).FirstOrDefault(u => u.Value == unit).Word;

    private static FieldKey Source(string key, PresetFieldKind kind, string doc) =>
        FieldKey.Optional(key, Shapes.Text, doc, (f, v) => f with { Name = v, Kind = kind });

    private static void CheckSource(PresetField field, YamlMapping mapping, Problems problems)
    {
        var given = mapping.Entries.Select(entry => entry.Key.Text).Where(Sources.Contains).ToList();
        if (given.Count == 0)
            problems.Add(mapping.At, $"a source needs one of {Wording.Or(Sources)}");
        foreach (var extra in given.Skip(1))
            problems.Add(mapping.Find(extra)!.Key.At, $"a source is one of {Wording.Or(Sources)}; it has {given[0]} already");
        if (given.Contains("sum") && !mapping.Has("count"))
            problems.Add(mapping.Find("sum")!.Key.At, "sum needs count: the counter of what was summed");
        if (!given.Contains("sum") && mapping.Find("count") is { } count)
            problems.Add(count.Key.At, "count belongs to sum; remove it");
    }
}
