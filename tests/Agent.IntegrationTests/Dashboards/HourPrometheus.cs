using System.Globalization;
using System.Text.Json;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;
using Headroom.Testing.Dashboards;

namespace Headroom.IntegrationTests.Dashboards;

/// <summary>A real Prometheus that holds the scripted hour, has the shipped rules loaded, and may scrape a live agent besides.</summary>
internal sealed class HourPrometheus : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-dashboards-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly RunningProgram _program;

    /// <param name="port">Where it listens.</param>
    /// <param name="liveAgent">Port of an agent to scrape each second; null: none.</param>
    public HourPrometheus(int port, int? liveAgent)
    {
        Port = port;
        // A round time of at least a minute ago, so that nothing lies in what Prometheus takes for the future.
        End = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 60) / 600 * 600);
        using (var hour = new ScriptedHour(Start))
        using (var text = new StreamWriter($"{_folder}/hour.om"))
            hour.Write(text);
        Shell.Run("promtool", "tsdb", "create-blocks-from", "openmetrics", $"{_folder}/hour.om", $"{_folder}/data");
        File.Delete($"{_folder}/hour.om");
        File.WriteAllText($"{_folder}/prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 5s }
            rule_files: [ {{string.Join(", ", RuleFiles.Select(f => $"'{f}'"))}} ]
            scrape_configs: [ {{(liveAgent is { } agent ? $"{{ job_name: headroom, static_configs: [ {{ targets: ['127.0.0.1:{agent}'] }} ] }}" : "")}} ]
            """);
        // Backfilled series cannot end by a stale marker, as scraped ones do: what is not in the last scrape, of 15 s, is gone.
        _program = new RunningProgram("prometheus",
            [$"--config.file={_folder}/prometheus.yml", $"--storage.tsdb.path={_folder}/data", $"--web.listen-address=127.0.0.1:{port}", "--query.lookback-delta=20s"]);
        Eventually.True(() => TryGet("/-/ready", out _), TimeSpan.FromSeconds(30), $"Prometheus to be ready: {_program.Output}");
    }

    public int Port { get; }
    public DateTimeOffset End { get; }
    public DateTimeOffset Start => End - ScriptedHour.Length;

    public static IReadOnlyList<string> RuleFiles { get; } =
        Directory.Exists($"{DashboardFile.Root}/alerts") ? [.. Directory.GetFiles($"{DashboardFile.Root}/alerts", "*.yml").Order(StringComparer.Ordinal)] : [];

    public void Dispose()
    {
        _program.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Labels of each series that the query gives, and has a number somewhere.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Instant(string query, DateTimeOffset at) => Series($"query?query={Uri.EscapeDataString(query)}&time={At(at)}");

    public IReadOnlyList<IReadOnlyDictionary<string, string>> Range(string query, DateTimeOffset from, DateTimeOffset to, int step = 15) =>
        Series($"query_range?query={Uri.EscapeDataString(query)}&start={At(from)}&end={At(to)}&step={step}");

    public IReadOnlyList<string> Values(string label, string match) =>
        [.. Data($"label/{label}/values?match[]={Uri.EscapeDataString(match)}&start={At(Start)}&end={At(End)}").EnumerateArray().Select(v => v.GetString()!)];

    /// <exception cref="InvalidOperationException">Prometheus refuses it; with what it says.</exception>
    public JsonElement Data(string path)
    {
        TryGet($"/api/v1/{path}", out var text);
        var answer = JsonDocument.Parse(text).RootElement;
        return answer.GetProperty("status").GetString() == "success"
            ? answer.GetProperty("data")
            : throw new InvalidOperationException($"{Uri.UnescapeDataString(path)}: {answer.GetProperty("error")}");
    }

    private List<IReadOnlyDictionary<string, string>> Series(string path) =>
    [
        .. Data(path).GetProperty("result").EnumerateArray()
            .Where(s => (s.TryGetProperty("values", out var all) ? all.EnumerateArray() : Enumerable.Repeat(s.GetProperty("value"), 1)).Any(v => v[1].GetString() != "NaN"))
            .Select(s => s.GetProperty("metric").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!)),
    ];

    private static string At(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private bool TryGet(string path, out string text)
    {
        try
        {
            using var answer = _http.GetAsync(new Uri($"http://127.0.0.1:{Port}{path}")).GetAwaiter().GetResult();
            text = answer.Content.ReadAsStringAsync().GetAwaiter().GetResult();
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            text = "";
            return false;
        }
    }
}
