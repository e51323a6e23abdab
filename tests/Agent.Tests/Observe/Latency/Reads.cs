using System.Text;
using Headroom.Model;
using Headroom.Observe.Latency;

namespace Headroom.Tests.Observe.Latency;

/// <summary>Short ways to say what a server answers and how it is read.</summary>
internal static class Reads
{
    public static MonoTime At(double seconds) => new(TimeSpan.FromSeconds(seconds));

    /// <summary>An answer kept beside the tests.</summary>
    public static byte[] Exposition(string name)
    {
        using var stream = typeof(Reads).Assembly.GetManifestResourceStream("expositions/" + name)
            ?? throw new ArgumentException($"no exposition {name}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public static Preset Preset(string word, params PresetField[] alternatives) => Preset((word, alternatives));

    public static Preset Preset(params (string Word, PresetField[] Alternatives)[] fields) => new()
    {
        Name = "test",
        Paths = ["/metrics"],
        Fields = fields.ToDictionary(f => f.Word, f => (IReadOnlyList<PresetField>)f.Alternatives),
    };

    public static PresetField Histogram(string name, double unit = 1) => new(name, PresetFieldKind.Histogram, unit);

    public static PresetField Gauge(string name, params (string Label, string Value)[] where) =>
        new(name, PresetFieldKind.Gauge, Where: where.Length == 0 ? null : where.ToDictionary(w => w.Label, w => w.Value));

    public static PresetField Counter(string name) => new(name, PresetFieldKind.Counter);

    public static LatencyScrape Read(Preset preset, string text, double at = 0) => Read(preset, Encoding.UTF8.GetBytes(text), at);

    public static LatencyScrape Read(Preset preset, ReadOnlySpan<byte> body, double at = 0)
    {
        var reading = new PresetReader(preset).Begin(At(at));
        reading.Feed(body);
        return reading.Complete();
    }

    public static LatencyHistogram EndToEnd(LatencyScrape scrape) => scrape.Histograms[LatencySignal.EndToEnd];

    /// <summary>All that a scrape tells, as text: equal text, equal scrape.</summary>
    public static string Describe(LatencyScrape scrape)
    {
        var text = new StringBuilder();
        foreach (var (signal, h) in scrape.Histograms.OrderBy(p => p.Key))
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{signal}: {string.Join(' ', h.UpperBounds)} | {string.Join(' ', h.Cumulative)} | {h.SumSeconds}\n");
        foreach (var (signal, sum) in scrape.Sums.OrderBy(p => p.Key))
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{signal}: {sum}\n");
        foreach (var (signal, quantiles) in scrape.Quantiles.OrderBy(p => p.Key))
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{signal}: {string.Join(' ', quantiles)}\n");
        text.AppendJoin(' ', scrape.Running, scrape.Waiting, scrape.Requests, scrape.FailedRequests, scrape.PromptTokens, scrape.GeneratedTokens, scrape.KvCacheRatio, scrape.ReservedBytes, scrape.AllocatedBytes);
        text.Append('\n').AppendJoin('\n', scrape.Remarks);
        return text.ToString();
    }
}
