using System.Text.RegularExpressions;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;
using Headroom.Testing.Dashboards;

namespace Headroom.IntegrationTests.Dashboards;

/// <summary>Every query of every dashboard and rule, put to a real Prometheus that holds a scripted hour of the simulated agent, and to the same while it scrapes a live one.</summary>
public sealed partial class DashboardQueriesTests(ITestOutputHelper output)
{
    private static readonly TimeSpan LiveFor = TimeSpan.FromMinutes(1);

    [Fact]
    public void Every_query_runs_and_every_panel_has_something_to_show()
    {
        Requirements.Need("prometheus", "promtool");
        using var agent = new RunningAgent("--simulate", "--simulate-speed", "30", "--docker", "off");
        using var prometheus = new HourPrometheus(RunningAgent.FreePort(), agent.Port);
        var since = TimeProvider.System.GetUtcNow();

        var wrong = new List<string>();
        var hour = new GrafanaVariables(GrafanaVariables.Chosen(ScriptedHour.Instance), ScriptedHour.Length);
        var asked = new Dictionary<(string Expr, int Step, bool Instant), IReadOnlyList<IReadOnlyDictionary<string, string>>>();
        foreach (var file in DashboardFile.All)
            foreach (var panel in file.Panels)
                foreach (var query in panel.Queries)
                {
                    // Both languages ask the same: once is enough.
                    var step = GrafanaVariables.Step(panel);
                    if (!asked.TryGetValue((query.Expr, step, query.Instant), out var series))
                        asked[(query.Expr, step, query.Instant)] = series = query.Instant
                            ? prometheus.Instant(hour.Fill(query.Expr, step), prometheus.End)
                            : prometheus.Range(hour.Fill(query.Expr, step), prometheus.Start, prometheus.End, step);
                    var name = $"{file.Topic} {panel.Id} {query.RefId}";
                    if (series.Count == 0 != NothingToShow.Queries.ContainsKey(name))
                        wrong.Add($"{name} ({panel.Title}) {(series.Count == 0 ? "gives nothing" : "gives something, and is in NothingToShow")}: {query.Expr}");
                    foreach (Match label in Placeholder().Matches(query.Legend))
                        if (series.Any(s => !s.ContainsKey(label.Groups["name"].Value)))
                            wrong.Add($"{name}: its legend asks for the label {label.Groups["name"].Value}, which a series lacks: {query.Expr}");
                }
        foreach (var file in DashboardFile.All.Where(f => f.Language == "en"))
        {
            foreach (var note in file.Annotations)
                if (prometheus.Range(hour.Fill(note.GetProperty("expr").GetString()!), prometheus.Start, prometheus.End).Count == 0)
                    wrong.Add($"{file.Topic}: no annotation {note.GetProperty("name")}");
            foreach (var variable in file.Variables.Where(v => v.GetProperty("type").GetString() == "query"))
            {
                var values = LabelValues().Match(variable.GetProperty("definition").GetString()!);
                if (prometheus.Values(values.Groups["label"].Value, hour.Fill(values.Groups["match"].Value)).Count == 0)
                    wrong.Add($"{file.Topic}: no value for ${variable.GetProperty("name")}");
            }
        }
        output.WriteLine($"{asked.Count} queries over the hour, {(TimeProvider.System.GetUtcNow() - since).TotalSeconds:F1} s");

        // Meanwhile the live agent is scraped.
        Eventually.True(() => TimeProvider.System.GetUtcNow() - since >= LiveFor, LiveFor + TimeSpan.FromSeconds(10), "a minute of scrapes");
        var now = TimeProvider.System.GetUtcNow();
        var live = new GrafanaVariables(GrafanaVariables.Chosen($"127.0.0.1:{agent.Port}"), LiveFor);
        if (!prometheus.Instant($"up{{instance=~\"{live.Node}\"}} == 1", now).Any())
            wrong.Add("the live agent is not scraped");
        var shown = asked.Keys.Count(q =>
            (q.Instant ? prometheus.Instant(live.Fill(q.Expr, q.Step), now) : prometheus.Range(live.Fill(q.Expr, q.Step), now - LiveFor, now, 5)).Count > 0);
        output.WriteLine($"{shown} of {asked.Count} give something for the live minute");
        // What needs a hold, an alert or an error may not have happened in it.
        if (shown < asked.Count / 2)
            wrong.Add($"only {shown} of {asked.Count} queries give something for the live minute");

        foreach (var rule in Rules(prometheus))
        {
            if (rule.Health != "ok")
                wrong.Add($"rule {rule.Name}: {rule.Health} {rule.Error}");
            prometheus.Range(rule.Query, prometheus.Start, prometheus.End);
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private IReadOnlyList<(string Name, string Query, string Health, string Error)> Rules(HourPrometheus prometheus)
    {
        IReadOnlyList<(string Name, string Query, string Health, string Error)> all = [];
        Eventually.True(() =>
        {
            all =
            [
                .. prometheus.Data("rules").GetProperty("groups").EnumerateArray().SelectMany(g => g.GetProperty("rules").EnumerateArray()).Select(r => (
                    r.GetProperty("name").GetString()!, r.GetProperty("query").GetString()!, r.GetProperty("health").GetString()!, r.TryGetProperty("lastError", out var error) ? $"{error}" : "")),
            ];
            return all.All(r => r.Health != "unknown");
        }, TimeSpan.FromSeconds(40), "each rule to be judged once");
        output.WriteLine($"{all.Count} rules of {HourPrometheus.RuleFiles.Count} files");
        Assert.Equal(HourPrometheus.RuleFiles.Count == 0, all.Count == 0);
        return all;
    }

    [GeneratedRegex(@"\{\{(?<name>\w+)\}\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^label_values\((?<match>.*), (?<label>\w+)\)$")]
    private static partial Regex LabelValues();
}
