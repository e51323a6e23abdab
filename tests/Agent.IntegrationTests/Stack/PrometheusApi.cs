using System.Globalization;
using System.Text.Json;

namespace Headroom.IntegrationTests.Stack;

/// <summary>Asks a running Prometheus.</summary>
internal sealed class PrometheusApi(int port) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    public void Dispose() => _http.Dispose();

    /// <summary>The series that an instant query gives; none while Prometheus does not answer.</summary>
    public IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, double Value)> Query(string query) =>
        Get($"/api/v1/query?query={Uri.EscapeDataString(query)}") is { } data
            ? [.. data.GetProperty("result").EnumerateArray().Select(r => (Labels(r), Number(r.GetProperty("value")[1])))]
            : [];

    /// <summary>Of one series; null when there is none.</summary>
    public double? Value(string query) => Query(query) is [var (_, value), ..] ? value : null;

    /// <summary>All samples of the one series that a range selector such as <c>up[5m]</c> gives, in order of time.</summary>
    public IReadOnlyList<(double At, double Value)> Samples(string selector) =>
        Get($"/api/v1/query?query={Uri.EscapeDataString(selector)}") is { } data && data.GetProperty("result") is var result && result.GetArrayLength() > 0
            ? [.. result[0].GetProperty("values").EnumerateArray().Select(v => (v[0].GetDouble(), Number(v[1])))]
            : [];

    /// <summary>What stands under <c>data</c> of an answer; null while there is none.</summary>
    public JsonElement? Get(string path)
    {
        try
        {
            return JsonDocument.Parse(_http.GetStringAsync(new Uri($"http://127.0.0.1:{port}{path}")).GetAwaiter().GetResult()).RootElement.GetProperty("data");
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> Labels(JsonElement series) => series.GetProperty("metric").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!);

    private static double Number(JsonElement text) => double.Parse(text.GetString()!, CultureInfo.InvariantCulture);
}
