using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Policies;

namespace Headroom.Benchmarks;

/// <summary>Bodies are 1,000,000 bytes: the time in µs is the bytes read in as many parts of a second, so 5,000 µs are 200 MB/s.
/// The baseline finds the line ends of the same bytes and does nothing else: no parser of lines can be faster.</summary>
[MemoryDiagnoser]
public class ExpositionParsing
{
    private const int Size = 1_000_000;
    private const int Chunk = 16 * 1024;

    private PresetReader _reader = null!;
    private byte[] _body = [];

    /// <summary>Which part of the lines the preset wants. Few: a server of many other families, as LiteLLM's or Ray's page.
    /// All: a page of nothing but the preset's histograms, the worst case.</summary>
    [Params("few", "half", "all")]
    public string Wanted { get; set; } = "few";

    [GlobalSetup]
    public void Setup()
    {
        _reader = new PresetReader(PresetLibrary.BuiltIn().Single(p => p.Name == "vllm"));
        _body = Body(Wanted switch { "few" => 50, "half" => 2, _ => 1 });
    }

    [Benchmark(Baseline = true)]
    public int LineEndsOnly()
    {
        var lines = 0;
        ReadOnlySpan<byte> rest = _body;
        for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
            lines++;
        return lines;
    }

    [Benchmark]
    public object Whole()
    {
        var reading = _reader.Begin(default);
        reading.Feed(_body);
        return reading.Complete();
    }

    [Benchmark]
    public object InChunksOf16KiB()
    {
        var reading = _reader.Begin(default);
        for (var at = 0; at < _body.Length; at += Chunk)
            reading.Feed(_body.AsSpan(at, Math.Min(Chunk, _body.Length - at)));
        return reading.Complete();
    }

    /// <param name="every">One of so many families is wanted.</param>
    private static byte[] Body(int every)
    {
        string[] wanted = ["vllm:e2e_request_latency_seconds", "vllm:time_to_first_token_seconds", "vllm:inter_token_latency_seconds", "vllm:request_queue_time_seconds"];
        var text = new StringBuilder();
        for (var family = 0; text.Length < Size; family++)
        {
            var name = family % every == 0 ? wanted[family / every % 4] : $"vllm:request_other_family_{family % 97}_seconds";
            var labels = $"engine=\"{family / 4}\",model_name=\"Qwen/Qwen3-30B-A3B-Instruct-2507\"";
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} Histogram of something in seconds.\n# TYPE {name} histogram\n");
            for (var bucket = 0; bucket < 21; bucket++)
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels},le=\"{0.3 * (bucket + 1):0.0}\"}} {1000 * family + bucket}.0\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels},le=\"+Inf\"}} {1000 * family + 21}.0\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}_count{{{labels}}} {1000 * family + 21}.0\n{name}_sum{{{labels}}} {family}.8173245\n");
        }
        return Encoding.UTF8.GetBytes(text.ToString())[..Size];
    }
}
