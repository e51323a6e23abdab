using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>Reads quantiles that a Prometheus server computes: one instant query each (HTTP API <c>/api/v1/query</c>), each giving one value.</summary>
internal sealed class PromQlReader : ILatencyReader, IDisposable
{
    private readonly PrometheusQuery _query;
    private readonly TimeProvider _time;
    private readonly LimitedHttp _http;
    private readonly Uri _api;
    private readonly AuthenticationHeaderValue? _credentials;

    /// <exception cref="EndpointException">The address or a quantile's word can't be used.</exception>
    public PromQlReader(PrometheusQuery query, TimeProvider time, HttpLimits? limits = null)
    {
        if (!Uri.TryCreate(query.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw new EndpointException(EndpointFault.Settings, $"the url of a PromQL source must start with http:// or https://, e.g. http://prometheus:9090");
        foreach (var word in query.Seconds.Keys)
            if (SloWords.Find(word) is null)
                throw new EndpointException(EndpointFault.Settings, $"`{word}` is no quantile: it must be one of {string.Join(", ", SloWords.All)}");
        if (url.UserInfo.Length > 0)
            _credentials = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo))));
        _api = new Uri(new UriBuilder(url) { UserName = "", Password = "", Query = "", Fragment = "", Path = url.AbsolutePath.TrimEnd('/') + "/api/v1/query" }.Uri.AbsoluteUri);
        _query = query;
        _time = time;
        _http = new LimitedHttp(limits ?? HttpLimits.Scrape, time);
    }

    public string Source => "promql";
    public string Endpoint => _api.AbsoluteUri;
    public bool CountsCompletions => false;

    public async ValueTask<LatencyScrape> ReadAsync(CancellationToken stop)
    {
        var quantiles = new Dictionary<LatencySignal, Dictionary<double, double>>();
        foreach (var (word, promQl) in _query.Seconds)
        {
            if (SloWords.Find(word) is not var (signal, rank) || await ValueAsync(word, promQl, stop) is not { } seconds)
                continue;
            if (!quantiles.TryGetValue(signal, out var ranks))
                quantiles[signal] = ranks = [];
            ranks[rank] = seconds;
        }
        var running = _query.Running is { } inFlight ? await ValueAsync("running", inFlight, stop) : null;
        return new LatencyScrape
        {
            At = _time.Mono(),
            Quantiles = quantiles.ToDictionary(entry => entry.Key, IReadOnlyDictionary<double, double> (entry) => entry.Value),
            Running = running,
        };
    }

    public void Dispose() => _http.Dispose();

    private async Task<double?> ValueAsync(string word, string promQl, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_api.AbsoluteUri}?query={Uri.EscapeDataString(promQl)}");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.Authorization = _credentials;
        var body = new ArrayBufferWriter<byte>();
        var status = await _http.SendAsync(request, Endpoint, chunk => body.Write(chunk), stop);
        try
        {
            using var answer = JsonDocument.Parse(body.WrittenMemory);
            return PromQlAnswer.Value(answer.RootElement);
        }
        catch (FormatException e)
        {
            throw new EndpointException(EndpointFault.Refused, $"query `{word}` at {Endpoint}: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new EndpointException(EndpointFault.BadAnswer, $"{Endpoint} answers with status {(int)status} and no JSON: is this a Prometheus server?", e);
        }
    }
}
