using System.Diagnostics;
using System.Text;
using CsCheck;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Policies;

namespace Headroom.Tests.Observe.Latency;

/// <summary>Whatever a server answers, or who else listens on its port: reading it ends, throws nothing and keeps no more than was sent.</summary>
public class ExpositionFuzzTests
{
    private static readonly IReadOnlyList<Preset> Presets = [.. PresetLibrary.BuiltIn().Where(p => p.Format == PresetFormat.Prometheus)];
    private static readonly byte[][] Bodies = [.. new[] { "vllm", "triton-summaries", "tensorflow-serving", "torchserve", "nim" }.Select(n => Excerpt(Reads.Exposition(n)))];

    private const string Marks = "{}\"\\=,# \t\r\n\n+-.0123456789eInfNa:_";

    /// <summary>Bytes that mean something to the format, more often than others.</summary>
    private static readonly Gen<byte> Telling = Gen.OneOf(Gen.Int[0, Marks.Length - 1].Select(i => (byte)Marks[i]), Gen.Byte);

    private static readonly Gen<byte[]> Noise = Telling.Array[0, 400];

    private static readonly Gen<byte[]> Mutated = Gen.Select(
        Gen.Int[0, Bodies.Length - 1], Gen.Select(Gen.Double.Unit, Gen.Int[0, 3], Telling.Array[0, 12]).Array[1, 8]).Select((body, cuts) =>
    {
        var bytes = Bodies[body].ToList();
        foreach (var (where, remove, insert) in cuts)
        {
            var at = (int)(where * bytes.Count);
            bytes.RemoveRange(at, Math.Min(remove * 10, bytes.Count - at));
            bytes.InsertRange(at, insert);
        }
        return bytes.ToArray();
    });

    [Fact]
    public void Any_body_is_read_to_its_end_in_any_chunks() =>
        Gen.Select(Gen.OneOf(Noise, Mutated), Gen.Int[1, 100], Gen.Int[0, Presets.Count - 1]).Sample((body, chunk, preset) =>
        {
            var reader = new PresetReader(Presets[preset]);
            var whole = reader.Begin(Reads.At(0));
            whole.Feed(body);
            var scrape = whole.Complete();
            var parts = reader.Begin(Reads.At(0));
            for (var at = 0; at < body.Length; at += chunk)
                parts.Feed(body.AsSpan(at, Math.Min(chunk, body.Length - at)));
            return Sound(scrape) && Reads.Describe(parts.Complete()) == Reads.Describe(scrape);
        }, iter: 100_000);

    [Fact]
    public void Any_sequence_of_bodies_is_tracked()
    {
        var preset = Presets.Single(p => p.Name == "vllm");
        var bodies = Gen.OneOf(Noise, Mutated, Gen.Const(Bodies[0]));
        Gen.Select(bodies, Gen.Int[-10, 400]).Array[1, 12].Sample(steps =>
        {
            var tracker = new LatencyTracker("fuzz", "nowhere", countsCompletions: true);
            var at = 1000.0;
            foreach (var (body, seconds) in steps)
            {
                at += Math.Max(0, seconds);
                var sample = tracker.Add(Reads.Read(preset, body, at));
                if (sample.Stalled < TimeSpan.Zero || sample.Signals.Any(s => s.WindowCount < 0 || s.MeanSeconds < 0 || s.Window is { } w && !Rises(w)))
                    return false;
            }
            return true;
        }, iter: 10_000);
    }

    [Fact]
    public void Any_body_can_be_sniffed_and_taken_for_json() =>
        Gen.OneOf(Noise, Mutated).Sample(body =>
        {
            var sniffer = new PresetSniffer(Presets);
            sniffer.Feed(body);
            sniffer.Complete();
            _ = sniffer.Matches();
            return !JsonPresetReader.Matches(Presets[0], body);
        }, iter: 20_000);

    [Fact]
    public void Huge_lines_and_labels_take_bounded_memory_and_time()
    {
        var parts = new Func<string>[]
        {
            () => new string('{', 3 << 20),
            () => "vllm:num_requests_running{" + new string('"', 3 << 20),
            () => string.Concat(Enumerable.Repeat("vllm:num_requests_running{a=\"" + new string('\\', 60_000) + "\n", 50)),
            () => "vllm:e2e_request_latency_seconds_bucket{" + string.Concat(Enumerable.Repeat("a=\"b\",", 9_000)) + "le=\"1\"} 1\n",
            () => string.Concat(Enumerable.Range(0, 60_000).Select(i => $"vllm:e2e_request_latency_seconds_bucket{{le=\"{i}\"}} {i}\n")),
            () => string.Concat(Enumerable.Range(0, 60_000).Select(i => $"vllm:e2e_request_latency_seconds_bucket{{le=\"{i}\",m=\"{i}\"}} {i}\n")),
            () => new string('\n', 3 << 20),
        };
        var preset = Presets.Single(p => p.Name == "vllm");
        foreach (var part in parts)
        {
            var body = Encoding.UTF8.GetBytes(part());
            var reading = new PresetReader(preset).Begin(Reads.At(0));
            var started = Stopwatch.GetTimestamp();
            var before = GC.GetAllocatedBytesForCurrentThread();
            reading.Feed(body);
            Assert.True(Sound(reading.Complete()));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        }
    }

    private static bool Sound(LatencyScrape scrape) =>
        scrape.Histograms.Values.All(h => Rises(h) && h.Cumulative.Count == h.UpperBounds.Count + 1 && h.SumSeconds is null or >= 0 && Ascends(h.UpperBounds)) &&
        scrape.Sums.Values.All(s => s.SumSeconds >= 0 && s.Count >= 0) &&
        scrape.Quantiles.Values.All(q => q.All(p => p.Key is >= 0 and <= 1 && p.Value >= 0 && double.IsFinite(p.Value))) &&
        new[] { scrape.Running, scrape.Waiting, scrape.Requests, scrape.KvCacheRatio, scrape.GeneratedTokens }.All(v => v is null or >= 0);

    private static bool Rises(LatencyHistogram h) => h.Cumulative[0] >= 0 && h.Cumulative.Zip(h.Cumulative.Skip(1)).All(p => p.First <= p.Second);

    private static bool Ascends(IReadOnlyList<double> bounds) => bounds.Zip(bounds.Skip(1)).All(p => p.First < p.Second);

    private static byte[] Excerpt(byte[] body) => body.Length < 3000 ? body : body[(body.Length / 2 - 1500)..(body.Length / 2 + 1500)];
}
