using System.Text.Json;
using Headroom.Testing.Dashboards;

namespace Headroom.Tests.Dashboards;

/// <summary>The dashboards are what Grafana's own published schemas say; they are strict: an unknown key is an error.</summary>
public sealed class DashboardSchemaTests
{
    private static readonly Dictionary<string, string> OfPanel = new()
    {
        ["timeseries"] = "timeseries", ["stat"] = "stat", ["table"] = "table", ["state-timeline"] = "statetimeline", ["bargauge"] = "bargauge",
    };

    // These two are objects in the schema, which is generated, and `unknown` in Grafana's TypeScript types (@grafana/schema 13.2.3), which it is generated from.
    private static readonly (string, string)[] Unknown = [("MatcherConfig", "options"), ("DynamicConfigValue", "value")];

    private static JsonSchema Schema(string name) =>
        JsonSchema.Read($"{DashboardFile.Root}/tests/Agent.Tests/Dashboards/Schema/{name}.jsonschema.json", name == "dashboard" ? Unknown : []);

    [Fact]
    public void Each_dashboard_is_as_Grafanas_schema_says()
    {
        var schema = Schema("dashboard");
        var wrong = DashboardFile.All.SelectMany(file => schema.Check(file.Model).Select(what => $"{file}: {what}")).ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Each_panel_has_the_options_of_its_kind_and_asks_as_Prometheus_panels_ask()
    {
        var query = Schema("prometheus");
        var schemas = OfPanel.ToDictionary(kind => kind.Key, kind => Schema(kind.Value));
        var wrong = new List<string>();
        foreach (var file in DashboardFile.All)
            foreach (var panel in file.Panels.Where(p => !p.IsRow))
            {
                var schema = schemas[panel.Type];
                var found = schema.CheckAs("Options", panel.Model.GetProperty("options")).ToList();
                if (panel.Model.GetProperty("fieldConfig").GetProperty("defaults").TryGetProperty("custom", out var custom))
                    found.AddRange(schema.CheckAs("FieldConfig", custom));
                foreach (var target in panel.Model.GetProperty("targets").EnumerateArray())
                    found.AddRange(query.CheckAs("Dataquery", target));
                wrong.AddRange(found.Select(what => $"{file} {panel.Id}: {what}"));
            }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("\"schemaVersion\": 42", "\"schemaVersion\": \"42\"")]
    [InlineData("\"graphTooltip\": 1", "\"graphTooltipp\": 1")]
    [InlineData("\"type\": \"query\"", "\"type\": \"quarry\"")]
    [InlineData("\"keepTime\": true", "\"keepTime\": 1")]
    public void A_mistake_is_seen(string right, string mistaken)
    {
        var text = File.ReadAllText($"{DashboardFile.Root}/dashboards/en/headroom-hurt.json");
        Assert.Contains(right, text, StringComparison.Ordinal);
        using var model = JsonDocument.Parse(text.Replace(right, mistaken, StringComparison.Ordinal));
        Assert.NotEmpty(Schema("dashboard").Check(model.RootElement));
    }
}
