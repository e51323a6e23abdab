using System.Text.Json;

namespace Headroom.Testing.Dashboards;

/// <summary>One written dashboard, <c>dashboards/en/headroom-hurt.json</c> for example.</summary>
internal sealed class DashboardFile
{
    private DashboardFile(string path, string language)
    {
        Language = language;
        Name = Path.GetFileNameWithoutExtension(path);
        Model = JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        Panels = [.. Flat(Model.GetProperty("panels"))];
    }

    public static string Root { get; } = DoubleBuild.RepositoryRoot("dashboards/build.py");

    /// <summary><c>en</c> or <c>zh</c>.</summary>
    public string Language { get; }
    public string Name { get; }
    /// <summary>The same in both languages.</summary>
    public string Topic => Name.EndsWith("-zh", StringComparison.Ordinal) ? Name[..^3] : Name;
    public JsonElement Model { get; }
    /// <summary>Those in folded rows too.</summary>
    public IReadOnlyList<DashboardPanel> Panels { get; }
    public IEnumerable<JsonElement> Variables => Model.GetProperty("templating").GetProperty("list").EnumerateArray();
    public IEnumerable<JsonElement> Annotations => Model.GetProperty("annotations").GetProperty("list").EnumerateArray();

    /// <summary>Whatever Prometheus is asked for: panels, variables and annotations.</summary>
    public IEnumerable<string> Asked =>
        Panels.SelectMany(p => p.Queries).Select(q => q.Expr)
            .Concat(Annotations.Select(a => a.GetProperty("expr").GetString()!))
            .Concat(Variables.Where(v => v.GetProperty("type").GetString() == "query").Select(v => v.GetProperty("definition").GetString()!));

    public static IEnumerable<DashboardFile> All => new[] { "en", "zh" }.SelectMany(language =>
        Directory.GetFiles($"{Root}/dashboards/{language}", "*.json").Order(StringComparer.Ordinal).Select(path => new DashboardFile(path, language)));

    public override string ToString() => $"{Language}/{Name}.json";

    private static IEnumerable<DashboardPanel> Flat(JsonElement panels)
    {
        foreach (var panel in panels.EnumerateArray())
        {
            yield return new DashboardPanel(panel);
            if (panel.TryGetProperty("panels", out var folded))
                foreach (var inside in Flat(folded))
                    yield return inside;
        }
    }
}

/// <summary>A panel or the head of a row.</summary>
internal sealed class DashboardPanel(JsonElement model)
{
    public JsonElement Model => model;
    public int Id => model.GetProperty("id").GetInt32();
    public string Type => model.GetProperty("type").GetString()!;
    public bool IsRow => Type == "row";
    public string Title => model.GetProperty("title").GetString()!;
    public string? Description => model.TryGetProperty("description", out var text) ? text.GetString() : null;

    /// <summary>The least interval between two points that the panel asks for, if it says.</summary>
    public string? Interval => model.TryGetProperty("interval", out var interval) ? interval.GetString() : null;

    public IEnumerable<DashboardQuery> Queries => IsRow
        ? []
        : model.GetProperty("targets").EnumerateArray().Select(t => new DashboardQuery(
            t.GetProperty("refId").GetString()!, t.GetProperty("expr").GetString()!, t.GetProperty("legendFormat").GetString()!, t.GetProperty("instant").GetBoolean()));

    public (int X, int Y, int W, int H) Place
    {
        get
        {
            var at = model.GetProperty("gridPos");
            return (at.GetProperty("x").GetInt32(), at.GetProperty("y").GetInt32(), at.GetProperty("w").GetInt32(), at.GetProperty("h").GetInt32());
        }
    }
}

/// <param name="Instant">Asked for one moment, else for the whole time range.</param>
internal sealed record DashboardQuery(string RefId, string Expr, string Legend, bool Instant);
