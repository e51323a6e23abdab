using System.Text;
using System.Text.RegularExpressions;
using Headroom.Act.Serving;
using Headroom.Export.Metrics;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Policies;
using Headroom.Policies.Binding;
using Headroom.Policies.Tables;
using Headroom.Tests.Support;

namespace Headroom.Tests.Export;

/// <summary>References in docs/ are written from the code, so they cannot lie.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public void The_metric_reference_is_the_metric_table()
    {
        var text = new StringBuilder("# Metrics\n\nWritten from `agent/Export/Metrics/MetricTable.cs` by its test. `gpu` is the NVML index, `workload` the workload's name; "
            + "join the `_info` families for the rest. What is unknown is absent, never 0.\n\n| family | kind | labels | meaning |\n|---|---|---|---|\n");
        MetricFamily[] histograms =
        [
            new(MetricKind.Gauge, MetricTable.LatencyHistogramName, MetricTable.LatencyHistogramHelp, "workload", "signal", "le"),
            new(MetricKind.Gauge, MetricTable.GateHistogramName, MetricTable.GateHistogramHelp, "workload", "via", "le"),
        ];
        var families = MetricTable.All.Concat(histograms);
        foreach (var family in families.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            var kind = histograms.Contains(family) ? "histogram" : family.Kind.ToString().ToLowerInvariant();
            text.Append('|').AppendJoin('|', $" `{family.Name}` ", $" {kind} ", $" {string.Join(", ", family.Labels)} ", $" {family.Help} ").Append("|\n");
        }
        Golden.MatchesDocument(text.ToString(), "metrics.md");
    }

    [Fact]
    public void The_reference_of_reasons_is_the_reason_table()
    {
        var text = new StringBuilder("# Reasons\n\nWritten from `agent/Model/Reasons` by its test. Why something was decided, as plans, the decision log and messages say it. A code never changes its meaning; "
            + "what to do about those that keep Headroom from acting: [troubleshooting](troubleshooting.md).\n\n| code | English | 中文 |\n|---|---|---|\n");
        foreach (var reason in ReasonTable.All.OrderBy(r => r.Code, StringComparer.Ordinal))
            text.Append($"| {reason.Code} | {reason.English} | {reason.Chinese} |\n");
        Golden.MatchesDocument(text.ToString(), "reasons.md");
    }

    [Fact]
    public void Each_warning_of_the_log_is_explained_and_each_reason_that_is_explained_exists()
    {
        var root = Headroom.Testing.DoubleBuild.RepositoryRoot("Agent.sln");
        var page = File.ReadAllText(Path.Combine(root, "docs", "troubleshooting.md"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(root, "agent"), "*.cs", SearchOption.AllDirectories))
            foreach (Match message in Regex.Matches(File.ReadAllText(file), @"LoggerMessage\((?<id>\d+), LogLevel\.(Warning|Error|Critical)"))
                Assert.True(page.Contains($"[{message.Groups["id"].Value}]", StringComparison.Ordinal), $"docs/troubleshooting.md does not explain [{message.Groups["id"].Value}] of {file}");
        Assert.Empty(Regex.Matches(page, @"HR\d{4}").Select(m => m.Value).Except(ReasonTable.All.Select(r => r.Code)));
    }

    [Fact]
    public void The_policy_reference_is_the_binders_table()
    {
        var text = new StringBuilder("# Policy and labels\n\nWritten from the tables in `agent/Policies` by their test; `headroom check FILE --print` shows what a policy says.\n"
            + "An entry that names its container or compose service without `*` and `?` opts in to being acted on; other entries only classify. The policy wins over labels, "
            + "key by key, but a label may always restrict: exempt, not enabled, a lower mode.\n"
            + "Windows and groups are the policy's: labels only name them.\n"
            + "In several files of one policy, lists and windows add up; any other key stands once. `headroom check --schema` prints the same as JSON Schema, for editors: "
            + "keep it as `headroom.schema.json` and begin a policy with `# yaml-language-server: $schema=headroom.schema.json`.\n\n"
            + "Values have one spelling each: durations `80ms 1.5s 10m 6h 1d 0`, sizes `20GiB 512MiB 24GB`, percentages `30%`, times of day `\"01:30\"`, "
            + "dates `2027-05-01` and `2027-02-06..2027-02-12`. Yes and no are `true yes on 1` and `false no off 0`.\n\n## Policy file\n\n| key | value | e.g. | meaning |\n|---|---|---|---|\n");
        foreach (var (path, key) in Keys("", PolicyTable.Root))
            Row(text, $"`{path.Replace("|", "\\|", StringComparison.Ordinal)}`{(key.IsRequired ? " (required)" : "")}", key.Shape, key.Doc);
        foreach (var (path, key) in Keys("presets[].fields.*", PresetFieldTable.Field))
            Row(text, $"`{path}`", key.Shape, key.Doc);
        text.Append("\n## Container labels\n\n| label | value | e.g. | meaning |\n|---|---|---|---|\n");
        foreach (var label in LabelTable.All.Where(l => !l.Name.StartsWith("headroom.slo.", StringComparison.Ordinal)))
            Row(text, $"`{label.Name}`", label.Shape, label.Doc);
        Row(text, "`headroom.slo.WORD`", Shapes.Slo, $"The latency to keep; WORD is one of {string.Join(", ", SloWords.All)}.");
        Golden.MatchesDocument(text.ToString(), "policy.md");
    }

    private static void Row(StringBuilder text, string name, Shape shape, string doc)
    {
        static string Cell(string words) => words.Replace("|", "\\|", StringComparison.Ordinal);
        text.Append("| ").AppendJoin(" | ", name, Cell((shape.Words is { } words ? string.Join(", ", words) : shape.What) + (shape.Bounds is { } bounds ? $": {bounds}" : "")), $"`{Cell(shape.Example)}`", Cell(doc)).Append(" |\n");
    }

    private static IEnumerable<(string Path, IKey Key)> Keys(string prefix, Shape shape)
    {
        if (shape is IListShape { Item: var item })
            return Keys(prefix + "[]", item);
        if (shape is INamedShape { Item: var named })
            return Keys(prefix + ".NAME", named);
        if (shape is not IMappingShape mapping)
            return [];
        var dot = prefix.Length > 0 ? prefix + "." : "";
        // The SLO words differ in nothing but their name: one row.
        var words = mapping.Keys.Where(key => SloWords.All.Contains(key.Name)).ToList();
        return mapping.Keys.Except(words.Skip(1)).SelectMany(key => ((string, IKey)[])
            [(dot + (words.Contains(key) ? string.Join(" | ", words.Select(w => w.Name)) : key.Name), key), .. Keys(dot + key.Name, key.Shape)]);
    }

    [Fact]
    public void The_list_of_model_servers_is_the_presets()
    {
        var text = new StringBuilder("# Model servers\n\nWritten from `agent/Policies/Presets/*.yaml` by its test. Headroom finds out which one a container is from its image, "
            + "command line and environment, then from the names on its metrics page; `headroom.metrics=NAME` or `metrics: { preset: NAME }` says it outright.\n"
            + "*Checked against*: `capture` a real page of such a server, `docs` its documentation or source only.\n\n"
            + "| preset | asked at | latency | in flight | tokens | GPU memory told | checked against |\n|---|---|---|---|---|---|---|\n");
        foreach (var preset in PresetLibrary.BuiltIn().OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            string Words(params string[] words) => string.Join(", ", words.Where(preset.Fields.ContainsKey)) is { Length: > 0 } all ? all : "-";
            string[] latencies = [PresetFields.EndToEnd, PresetFields.TimeToFirstToken, PresetFields.InterToken, PresetFields.Queue];
            var latency = string.Join(", ", latencies.Where(preset.Fields.ContainsKey).Select(word =>
                preset.Fields[word].All(f => f.Kind == PresetFieldKind.SumAndCount) ? $"{word} (mean only)" : word));
            text.Append('|').AppendJoin('|',
                $" {preset.Name} ", $" {string.Join(", ", preset.Ports.Select(p => $":{p}"))} {string.Join(", ", preset.Paths.Select(p => $"`{p}`"))} ",
                $" {(latency.Length > 0 ? latency : "-")} ", $" {Words(PresetFields.Running, PresetFields.Waiting)} ",
                $" {Words(PresetFields.PromptTokens, PresetFields.GeneratedTokens)} ", $" {Words(PresetFields.Reserved, PresetFields.Allocated)} ",
                $" {preset.Verified.ToString().ToLowerInvariant()} ").Append("|\n");
        }
        text.Append("\n## What gives VRAM back\n\nWritten from `agent/Act/Serving` likewise: which servers Headroom can put to sleep while their containers run on. "
            + "Whether the VRAM came back is taken from the driver, never from the server's answer.\n\n"
            + "| preset | what it needs | requests in flight, and while it sleeps |\n|---|---|---|\n");
        foreach (var recipe in SleepRecipes.All.OrderBy(r => r.Server, StringComparer.Ordinal))
            text.Append($"| {string.Join(", ", recipe.AlsoAs.Prepend(recipe.Server))} | {recipe.Needs} | {recipe.Requests} |\n");
        text.Append("\nThe others are paused, stopped or restarted instead:\n\n| preset | why it is not put to sleep |\n|---|---|\n");
        foreach (var (preset, why) in SleepRecipes.Never.OrderBy(n => n.Key, StringComparer.Ordinal))
            text.Append($"| {preset} | {why} |\n");
        Golden.MatchesDocument(text.ToString(), "model-servers.md");
    }
}
