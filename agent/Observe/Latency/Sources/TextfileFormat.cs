using System.Text;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>The families of a user's own latency file. Histograms <c>latency_seconds</c> (whole requests), <c>ttft_seconds</c>, <c>itl_seconds</c>,
/// <c>queue_seconds</c>; or finished quantiles <c>latency_quantile_seconds{rank="p95"}</c>, the rank being the word of an SLO (<c>p95</c>, <c>ttftP95</c>).</summary>
internal static class TextfileFormat
{
    public const string QuantileFamily = "latency_quantile_seconds";

    public static Preset Preset() => new()
    {
        Name = "textfile",
        Fields = new Dictionary<string, IReadOnlyList<PresetField>>
        {
            [PresetFields.EndToEnd] = [new("latency_seconds", PresetFieldKind.Histogram)],
            [PresetFields.TimeToFirstToken] = [new("ttft_seconds", PresetFieldKind.Histogram)],
            [PresetFields.InterToken] = [new("itl_seconds", PresetFieldKind.Histogram)],
            [PresetFields.Queue] = [new("queue_seconds", PresetFieldKind.Histogram)],
            [PresetFields.Running] = [new("requests_running", PresetFieldKind.Gauge)],
            [PresetFields.Waiting] = [new("requests_waiting", PresetFieldKind.Gauge)],
            [PresetFields.Requests] = [new("requests", PresetFieldKind.Counter)],
            [PresetFields.Failed] = [new("requests_failed", PresetFieldKind.Counter)],
            [PresetFields.PromptTokens] = [new("prompt_tokens", PresetFieldKind.Counter)],
            [PresetFields.GeneratedTokens] = [new("generated_tokens", PresetFieldKind.Counter)],
            [PresetFields.KvCache] = [new("kv_cache_ratio", PresetFieldKind.Gauge)],
            [PresetFields.Reserved] = [new("gpu_reserved_bytes", PresetFieldKind.Gauge)],
            [PresetFields.Allocated] = [new("gpu_allocated_bytes", PresetFieldKind.Gauge)],
        },
    };
}

/// <summary>Gathers <see cref="TextfileFormat.QuantileFamily"/>. NaN is how a script says that it does not know.</summary>
internal sealed class TextfileQuantiles : IExpositionSink
{
    private readonly ExpositionParser _parser;
    private readonly Dictionary<LatencySignal, Dictionary<double, double>> _values = [];

    public TextfileQuantiles() => _parser = new ExpositionParser(new SampleNames([TextfileFormat.QuantileFamily]), this);

    public bool FoundAny { get; private set; }

    public void Feed(ReadOnlySpan<byte> chunk) => _parser.Feed(chunk);

    public LatencyScrape AddTo(LatencyScrape scrape)
    {
        _parser.Complete();
        return scrape with
        {
            Quantiles = _values.ToDictionary(entry => entry.Key, IReadOnlyDictionary<double, double> (entry) => entry.Value),
            Remarks = _parser.MalformedLines == 0 ? scrape.Remarks
                : [.. scrape.Remarks, $"{_parser.MalformedLines} lines of {TextfileFormat.QuantileFamily} left out: each needs rank=\"p95\" (or ttftP95 ...) and seconds"],
        };
    }

    bool IExpositionSink.Sample(int name, ReadOnlySpan<byte> labels, double value)
    {
        var reader = new LabelReader(labels);
        while (reader.Next())
        {
            if (!reader.Name.SequenceEqual("rank"u8))
                continue;
            if (SloWords.Find(Encoding.UTF8.GetString(reader.RawValue)) is not var (signal, rank) || value < 0 || double.IsInfinity(value))
                return false;
            FoundAny = true;
            if (double.IsNaN(value))
                return true;
            if (!_values.TryGetValue(signal, out var ranks))
                _values[signal] = ranks = [];
            ranks[rank] = value;
            return true;
        }
        return false;
    }
}
