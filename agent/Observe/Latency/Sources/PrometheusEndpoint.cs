using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>A model server's own metrics page, read by a preset.</summary>
/// <param name="recognised">The page has shown the preset's names before.</param>
internal sealed class PrometheusEndpoint(
    ContainerHttp http, int port, string path, Preset preset, TimeProvider time, bool recognised) : ILatencyReader
{
    /// <summary>The text format first: it is what the parser is tested on; then anything, as some servers know no media types.</summary>
    public const string Accept = "text/plain;version=0.0.4;q=1,application/openmetrics-text;q=0.5,*/*;q=0.1";

    private readonly PresetReader _reader = new(preset);
    private bool _recognised = recognised;

    public string Source => preset.Name;
    public string Endpoint => http.Url(port, path);
    public bool CountsCompletions { get; } = PresetReader.CountsCompletions(preset);

    public TimeSpan Refresh { get; } = preset.Refresh;

    public async ValueTask<LatencyScrape> ReadAsync(CancellationToken stop)
    {
        PresetReading? reading = null;
        var sniffer = _recognised ? null : new PresetSniffer([preset]);
        await http.GetAsync(port, path, Accept, chunk =>
        {
            // Counters stand for the moment of the answer, which on a busy server is long after the question.
            (reading ??= _reader.Begin(time.Mono())).Feed(chunk);
            sniffer?.Feed(chunk);
        }, stop);
        // TGI and TEI render an empty page before their first request; so does many a wrong port.
        if (reading is null)
            return _recognised ? _reader.Begin(time.Mono()).Complete() : throw new EndpointException(EndpointFault.NotYet,
                $"{Endpoint} answers with an empty page: no request has come yet, or these are not the metrics of preset {preset.Name}");
        var scrape = reading.Complete();
        sniffer?.Complete();
        _recognised |= reading.FoundAny || sniffer?.Matches().Count > 0;
        return _recognised ? scrape : throw new EndpointException(EndpointFault.NotYet,
            $"{Endpoint} answers but shows none of the names of preset {preset.Name}: not used yet, its metrics are off, or another preset is right");
    }
}
