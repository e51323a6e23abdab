using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Puts a scrape together, quantity by quantity. The first alternative that gives something wins.</summary>
internal sealed class ScrapeBuilder
{
    private readonly Dictionary<LatencySignal, LatencyHistogram> _histograms = [];
    private readonly Dictionary<LatencySignal, (double, double)> _sums = [];
    private readonly Dictionary<LatencySignal, IReadOnlyDictionary<double, double>> _quantiles = [];
    private readonly Dictionary<string, double> _values = [];
    private readonly List<string> _remarks = [];

    public bool Has(string word) =>
        PresetFields.Signal(word) is { } signal
            ? _histograms.ContainsKey(signal) || _sums.ContainsKey(signal) || _quantiles.ContainsKey(signal)
            : _values.ContainsKey(word);

    public void Add(string word, LatencyHistogram histogram)
    {
        if (PresetFields.Signal(word) is { } signal)
            _histograms[signal] = histogram;
    }

    public void Add(string word, double sumSeconds, double count)
    {
        if (PresetFields.Signal(word) is { } signal)
            _sums[signal] = (sumSeconds, count);
    }

    public void Add(string word, IReadOnlyDictionary<double, double> quantiles)
    {
        if (PresetFields.Signal(word) is { } signal)
            _quantiles[signal] = quantiles;
    }

    public void Add(string word, double value)
    {
        if (PresetFields.Signal(word) is null)
            _values[word] = value;
    }

    public void Remark(string words) => _remarks.Add(words);

    public LatencyScrape Build(MonoTime at) => new()
    {
        At = at,
        Histograms = _histograms,
        Sums = _sums,
        Quantiles = _quantiles,
        Running = Value(PresetFields.Running),
        Waiting = Value(PresetFields.Waiting),
        Requests = Value(PresetFields.Requests),
        FailedRequests = Value(PresetFields.Failed),
        PromptTokens = Value(PresetFields.PromptTokens),
        GeneratedTokens = Value(PresetFields.GeneratedTokens),
        KvCacheRatio = Value(PresetFields.KvCache),
        ReservedBytes = Value(PresetFields.Reserved),
        AllocatedBytes = Value(PresetFields.Allocated),
        Remarks = _remarks,
    };

    private double? Value(string word) => _values.TryGetValue(word, out var value) ? value : null;
}
