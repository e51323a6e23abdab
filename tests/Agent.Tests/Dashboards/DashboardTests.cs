using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Headroom.Export.Metrics;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Testing.Dashboards;

namespace Headroom.Tests.Dashboards;

/// <summary>The dashboards in <c>dashboards/</c>: made by their source, the same in both languages, about metrics that exist, and told in words.</summary>
public sealed partial class DashboardTests
{
    private static readonly Dictionary<string, MetricFamily> Families = MetricTable.All
        .Append(new MetricFamily(MetricKind.Counter, MetricTable.LatencyHistogramName + "_bucket", "", "workload", "signal", "le")).ToDictionary(f => f.Name);

    /// <summary>Recorded by alerts/slo.yml, and asked for with a default where those rules are not loaded.</summary>
    private const string Recorded = "headroom:slo_budget:ratio";

    /// <summary>What the agent writes where a query asks for a certain value.</summary>
    private static readonly Dictionary<string, IReadOnlyList<string>> Words = new()
    {
        ["state"] = [.. Enum.GetValues<GpuHealth>().Select(w => w.Word()), .. Enum.GetValues<ContainerState>().Select(w => w.Word()), .. Enum.GetValues<ThrottleState>().Select(w => w.Word())],
        ["reason"] = [.. ThrottleReasons.All.Select(r => r.Name), "other"],
        ["lever"] = [.. Enum.GetValues<Lever>().Select(w => w.Word())],
        ["guilty"] = ["true", "false"],
        ["readable"] = ["true", "false"],
        ["managed"] = ["true", "false"],
        ["instance"] = ["$node"],
        ["gpu"] = ["$gpu"],
        ["workload"] = ["$workload"],
    };

    [Fact]
    public void What_is_committed_is_what_the_source_makes()
    {
        var start = new ProcessStartInfo("python3", [$"{DashboardFile.Root}/dashboards/build.py", "--check"]) { RedirectStandardError = true };
        using var build = Process.Start(start)!;
        var told = build.StandardError.ReadToEnd();
        build.WaitForExit();
        Assert.True(build.ExitCode == 0, told);
    }

    [Fact]
    public void Both_languages_have_the_same_panels_and_ask_the_same()
    {
        static string[] Shape(DashboardFile file) =>
        [
            .. file.Panels.Select(p => $"{p.Id} {p.Type} {p.Place} {p.Interval} {string.Join(' ', p.Queries.Select(q => (q.RefId, q.Expr, q.Instant)))}"),
            .. file.Variables.Select(v => $"{v.GetProperty("name")} {v.GetProperty("type")} {v.GetProperty("query")}"),
            .. file.Annotations.Select(a => $"{a.GetProperty("expr")}"),
        ];
        var byTopic = DashboardFile.All.GroupBy(f => f.Topic).ToList();
        Assert.Equal(5, byTopic.Count);
        Assert.All(byTopic, topic =>
        {
            Assert.Equal(["en", "zh"], topic.Select(f => f.Language));
            Assert.Equal(Shape(topic.First()), Shape(topic.Last()));
        });
    }

    [Fact]
    public void Everything_asked_for_is_exported()
    {
        var reference = File.ReadAllText($"{DashboardFile.Root}/docs/metrics.md");
        foreach (var file in DashboardFile.All)
            foreach (var asked in file.Asked)
            {
                var names = Name().Matches(asked).Select(m => m.Value).Where(n => n != Recorded).ToList();
                Assert.NotEmpty(names);
                Assert.All(names, name =>
                {
                    Assert.True(Families.ContainsKey(name), $"{file}: the agent exports no {name}");
                    Assert.Contains($"| `{name.Replace("_bucket", "", StringComparison.Ordinal)}` |", reference, StringComparison.Ordinal);
                });
                foreach (Match series in Series().Matches(asked))
                    foreach (Match label in Matcher().Matches(series.Groups["labels"].Value))
                    {
                        Assert.Contains(label.Groups["name"].Value, Families[series.Groups["name"].Value].Labels.Append("instance"));
                        Assert.True(Words.TryGetValue(label.Groups["name"].Value, out var words), $"{file}: {label.Value} is not looked at by this test");
                        Assert.Empty(label.Groups["value"].Value.Split('|').Except(words!));
                    }
            }
    }

    [Fact]
    public void The_error_budget_is_the_one_that_the_alerts_record()
    {
        var rules = $"{DashboardFile.Root}/alerts/slo.yml";
        Assert.Matches($@"record: {Recorded}\s+expr: vector\(0\.01\)", File.ReadAllText(rules));
        Assert.All(
            DashboardFile.All.SelectMany(f => f.Asked).Where(a => a.Contains(Recorded, StringComparison.Ordinal)),
            asked => Assert.Contains($"scalar(min({Recorded}) or vector(0.01))", asked, StringComparison.Ordinal));
    }

    [Fact]
    public void No_histogram_is_summed_across_different_bounds()
    {
        var asked = DashboardFile.All.SelectMany(f => f.Asked).Where(a => a.Contains("_bucket", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(asked);
        // A workload has one server, and that one set of bounds a signal.
        Assert.All(asked, a => Assert.Matches(
            @"^histogram_quantile\([\d.]+, sum by \(instance, workload, signal, le\) \(rate\(headroom_workload_latency_seconds_bucket\{[^{}]*\}\[\$__rate_interval\]\)\)\)$", a));
    }

    [Fact]
    public void Counters_are_asked_for_by_how_they_grow()
    {
        var counters = MetricTable.All.Where(f => f.Kind == MetricKind.Counter).Select(f => f.Name).ToHashSet();
        // Shown as they stand: they count from a start that the panel names, or fall when a process ends.
        string[] asTheyStand =
        [
            "headroom_workload_gpu_allocations_refused_total", "headroom_gpu_xid_errors_total", "headroom_workload_activity_missed_packets_total",
            "headroom_workload_activity_disagreements_total", "headroom_agent_ticks_total",
        ];
        foreach (var file in DashboardFile.All)
            foreach (var panel in file.Panels)
                foreach (var query in panel.Queries)
                    foreach (var counter in Name().Matches(query.Expr).Select(m => m.Value).Where(n => counters.Contains(n) && !asTheyStand.Contains(n)))
                        Assert.True(
                            Regex.IsMatch(query.Expr, $@"(rate|increase)\({counter}\{{[^{{}}]*\}}\[\$__(rate_interval|range)\]"), $"{file} {panel.Id}: {query.Expr}");
    }

    [Fact]
    public void No_data_source_is_written_down()
    {
        foreach (var file in DashboardFile.All)
        {
            Assert.All(Sources(file.Model), source => Assert.Equal("""{"type":"prometheus","uid":"${datasource}"}""", JsonSerializer.Serialize(source)));
            Assert.All(file.Panels.Where(p => !p.IsRow), p => Assert.True(p.Model.TryGetProperty("datasource", out _)));
        }
    }

    [Fact]
    public void The_variables_are_the_same_everywhere_so_that_links_keep_them()
    {
        foreach (var file in DashboardFile.All)
        {
            Assert.Equal(["datasource", "node", "gpu", "workload"], file.Variables.Select(v => v.GetProperty("name").GetString()));
            Assert.All(file.Variables.Skip(1), v => Assert.True(v.GetProperty("multi").GetBoolean() && v.GetProperty("includeAll").GetBoolean()));
            var links = file.Model.GetProperty("links").EnumerateArray().ToList();
            Assert.All(links, link => Assert.True(link.GetProperty("includeVars").GetBoolean() && link.GetProperty("keepTime").GetBoolean()));
            Assert.Equal(
                DashboardFile.All.Where(f => f.Language == file.Language && f.Name != file.Name).Select(f => $"/d/{f.Model.GetProperty("uid")}").Order(StringComparer.Ordinal),
                links.Select(l => l.GetProperty("url").GetString()!).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Each_panel_says_in_its_language_what_it_shows_and_what_to_do()
    {
        foreach (var file in DashboardFile.All)
            foreach (var panel in file.Panels)
            {
                var chinese = file.Language == "zh";
                // A word such as CPU is the same in both.
                Assert.True(Chinese().IsMatch(panel.Title) == chinese || panel.Title is "CPU", $"{file} {panel.Id}: {panel.Title}");
                if (panel.IsRow)
                {
                    Assert.Matches(@"[?？](\s?[(（].*)?$", panel.Title);
                    continue;
                }
                Assert.True(panel.Description is { Length: > 8 } text && Chinese().IsMatch(text) == chinese, $"{file} {panel.Id}: {panel.Description}");
                Assert.True(panel.Model.GetProperty("fieldConfig").GetProperty("defaults").TryGetProperty("unit", out _) || panel.Type is "state-timeline" or "table", $"{file} {panel.Id} has no unit");
            }
    }

    [Fact]
    public void Ids_are_unique_and_panels_do_not_overlap()
    {
        Assert.Equal(10, DashboardFile.All.Select(f => $"{f.Model.GetProperty("uid")}").Distinct().Count());
        foreach (var file in DashboardFile.All)
        {
            Assert.Equal(file.Name, $"{file.Model.GetProperty("uid")}");
            Assert.Equal(file.Panels.Count, file.Panels.Select(p => p.Id).Distinct().Count());
            var taken = new Dictionary<(int, int), int>();
            foreach (var panel in file.Panels)
            {
                var (left, top, width, height) = panel.Place;
                Assert.True(left >= 0 && left + width <= 24 && width > 0 && height > 0, $"{file} {panel.Id}");
                for (var x = left; x < left + width; x++)
                    for (var y = top; y < top + height; y++)
                        Assert.True(taken.TryAdd((x, y), panel.Id), $"{file}: {panel.Id} lies on {taken.GetValueOrDefault((x, y))}");
            }
        }
    }

    [Fact]
    public void The_words_for_refusals_are_of_codes_that_exist()
    {
        var codes = ReasonTable.All.Select(c => c.Code).ToHashSet();
        foreach (var file in DashboardFile.All.Where(f => f.Topic == "headroom-did"))
        {
            var told = Code().Matches(file.Model.GetRawText()).Select(m => m.Value).ToHashSet();
            Assert.True(told.Count > 40, $"{told.Count}");
            Assert.Empty(told.Except(codes));
        }
    }

    private static IEnumerable<JsonElement> Sources(JsonElement at) => at.ValueKind switch
    {
        JsonValueKind.Object => at.EnumerateObject().SelectMany(p => p.Name == "datasource" ? [p.Value] : Sources(p.Value)),
        JsonValueKind.Array => at.EnumerateArray().SelectMany(Sources),
        _ => [],
    };

    [GeneratedRegex(@"headroom[_:][a-z0-9_:]+")]
    private static partial Regex Name();

    [GeneratedRegex(@"(?<name>headroom_\w+)\{(?<labels>[^{}]*)\}")]
    private static partial Regex Series();

    [GeneratedRegex("""(?<name>\w+)\s*(?:=~|!~|!=|=)\s*"(?<value>[^"]*)" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\p{IsCJKUnifiedIdeographs}")]
    private static partial Regex Chinese();

    [GeneratedRegex(@"HR\d{4}")]
    private static partial Regex Code();
}
