using System.Text;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Policies;

namespace Headroom.Tests.Observe.Latency;

/// <summary>Each built-in preset against an answer of its server, written by hand after public documents and captures.</summary>
public class BuiltInPresetTests
{
    private static readonly IReadOnlyList<Preset> All = PresetLibrary.BuiltIn();

    /// <summary>What a reader must find in an answer. Count is of e2e; -1 where there is none.</summary>
    private sealed record Expected(string Preset, string Exposition, LatencyKind? Kind, double Count, string Rest);

    private static readonly Expected[] Table =
    [
        new("vllm", "vllm", LatencyKind.Histogram, 200, "running 7, waiting 2, requests 200, promptTokens 48210, generatedTokens 91377, kvCache 0.4375, itl, queue, ttft"),
        new("vllm", "vllm-0.8", LatencyKind.Histogram, 12, "running 1, waiting 0, requests 12, promptTokens 910, generatedTokens 2044, kvCache 0.0625, itl, ttft"),
        new("sglang", "sglang", LatencyKind.Histogram, 64, "running 4, waiting 1, requests 64, failed 2, promptTokens 12345, generatedTokens 6789, kvCache 0.31, itl, queue, ttft"),
        new("trtllm", "trtllm", LatencyKind.Histogram, 30, "running 6, waiting 0, requests 30, failed 1, promptTokens 4096, generatedTokens 3000, kvCache 0.125, reservedBytes 69793218560, itl, queue, ttft"),
        new("triton", "triton", LatencyKind.MeanOnly, 1000, "waiting 3, requests 1000, failed 5, queue"),
        new("triton", "triton-summaries", LatencyKind.SourceQuantiles, 1000, "waiting 3, requests 1000, failed 5, queue, ttft"),
        new("triton", "triton-vllm", LatencyKind.Histogram, 25, "running 2, waiting 1, requests 1000, failed 5, promptTokens 800, generatedTokens 2525, kvCache 0.2, itl, queue, ttft"),
        new("triton", "triton-trtllm", LatencyKind.MeanOnly, 1000, "running 12, waiting 5, requests 1000, failed 5, kvCache 0.4875, reservedBytes 1610236, queue"),
        new("nim", "nim", LatencyKind.Histogram, 16, "running 3, waiting 1, requests 16, failed 1, promptTokens 700, generatedTokens 1500, kvCache 0.05, itl, ttft"),
        new("nim", "vllm", LatencyKind.Histogram, 200, "running 7, waiting 2, requests 200, promptTokens 48210, generatedTokens 91377, kvCache 0.4375, itl, queue, ttft"),
        new("tgi", "tgi", LatencyKind.Histogram, 100, "running 4, waiting 2, requests 100, failed 4, promptTokens 9750, generatedTokens 8120, itl, queue"),
        new("tei", "tei", LatencyKind.Histogram, 73, "waiting 1, requests 73, failed 2, queue"),
        new("lmdeploy", "lmdeploy", LatencyKind.Histogram, 40, "running 5, waiting 0, requests 40, failed 2, promptTokens 1000, generatedTokens 5000, kvCache 0.75, itl, queue, ttft"),
        new("llama-cpp", "llama-cpp", null, -1, "running 2, waiting 1, promptTokens 52011, generatedTokens 20480, itl"),
        new("torchserve", "torchserve", LatencyKind.MeanOnly, 250, "requests 260, failed 2, queue"),
        new("tensorflow-serving", "tensorflow-serving", LatencyKind.Histogram, 600, "requests 600, queue"),
        new("openvino", "openvino", LatencyKind.Histogram, 80, "running 2, requests 80, failed 1, queue"),
        new("bentoml", "bentoml", LatencyKind.Histogram, 122, "running 3, requests 122"),
        new("ray-serve", "ray-serve", LatencyKind.Histogram, 200, "running 6, waiting 2, requests 205, failed 5, promptTokens 4000, generatedTokens 9700, kvCache 0.5, itl, queue, ttft"),
        new("kserve", "kserve", LatencyKind.Histogram, 60, ""),
        new("kserve", "kserve-vllm", LatencyKind.Histogram, 31, "running 1, waiting 0, generatedTokens 931, itl, ttft"),
        new("mlserver", "mlserver", LatencyKind.Histogram, 45, "running 1, requests 45, failed 2"),
        new("mlserver", "mlserver-grpc", LatencyKind.MeanOnly, 45, "requests 45, failed 2"),
        new("xinference", "xinference", LatencyKind.Histogram, 30, "running 2, requests 30, failed 1, promptTokens 2000, generatedTokens 7000, allocatedBytes 12884901888, ttft"),
        new("litellm", "litellm", LatencyKind.Histogram, 20, "running 2, requests 23, failed 3, promptTokens 1200, generatedTokens 3400, queue, ttft"),
        new("dynamo", "dynamo", LatencyKind.Histogram, 50, "running 4, waiting 1, requests 50, promptTokens 26000, generatedTokens 5100, kvCache 0.625, itl, ttft"),
        new("dynamo", "dynamo-worker", LatencyKind.Histogram, 31, "running 3, waiting 0, kvCache 0.25"),
        new("fastapi", "fastapi", LatencyKind.Histogram, 310, "requests 300, failed 1"),
        new("ollama", "ollama", null, -1, "allocatedBytes 11274289152"),
        new("comfyui", "comfyui", null, -1, "running 1, waiting 2"),
        new("comfyui-memory", "comfyui-memory", null, -1, "reservedBytes 7516192768, allocatedBytes 6442450944"),
        new("sd-webui", "sd-webui", null, -1, "reservedBytes 4194304000, allocatedBytes 3000000000"),
    ];

    public static TheoryData<string, string> Cases() => [.. Table.Select(e => (e.Preset, e.Exposition))];

    public static TheoryData<string> Names() => [.. All.Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_preset_reads_its_server(string preset, string exposition)
    {
        var expected = Table.Single(e => e.Preset == preset && e.Exposition == exposition);
        var scrape = Scrape(preset, exposition);
        var (kind, count) = EndToEnd(scrape);
        Assert.Equal(expected.Kind, kind);
        Assert.Equal(expected.Count, count);
        Assert.Equal(expected.Rest, Rest(scrape));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_field_of_a_preset_is_found_in_some_answer_of_its_server(string preset)
    {
        var found = Table.Where(e => e.Preset == preset).SelectMany(e => Rest(Scrape(preset, e.Exposition)).Split(", ")).Select(w => w.Split(' ')[0]).ToHashSet();
        if (Table.Any(e => e.Preset == preset && e.Kind is not null))
            found.Add(PresetFields.EndToEnd);
        Assert.NotEmpty(found);
        Assert.Empty(All.Single(p => p.Name == preset).Fields.Keys.Except(found));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_server_is_known_by_its_names(string preset, string exposition)
    {
        var own = All.Single(p => p.Name == preset);
        if (own.Format == PresetFormat.Json)
        {
            Assert.True(JsonPresetReader.Matches(own, Reads.Exposition(exposition)));
            return;
        }
        var sniffer = new PresetSniffer(All);
        sniffer.Feed(Reads.Exposition(exposition));
        sniffer.Complete();
        // NIM that runs vLLM and KServe's Hugging Face runtime show vLLM's names, which is as good a reading.
        var expected = exposition is "vllm" or "kserve-vllm" ? "vllm" : preset;
        Assert.Equal(expected, sniffer.Matches()[0].Name);
    }

    [Fact]
    public void Units_of_milliseconds_and_microseconds_come_out_in_seconds()
    {
        Assert.Equal(60, Reads.EndToEnd(Scrape("ray-serve", "ray-serve")).UpperBounds[^1]);
        Assert.Equal(17.0, Reads.EndToEnd(Scrape("ray-serve", "ray-serve")).SumSeconds);
        Assert.Equal(18.0, Reads.EndToEnd(Scrape("tensorflow-serving", "tensorflow-serving")).SumSeconds);
        Assert.Equal(0.00001, Reads.EndToEnd(Scrape("tensorflow-serving", "tensorflow-serving")).UpperBounds[0]);
        Assert.Equal(0.1, Reads.EndToEnd(Scrape("openvino", "openvino")).UpperBounds[^1]);
        Assert.Equal((14.0, 1000), Scrape("triton", "triton").Sums[LatencySignal.EndToEnd]);
        Assert.Equal([0.1, 0.5, 2, 5], Scrape("triton", "triton-summaries").Histograms[LatencySignal.TimeToFirstToken].UpperBounds);
        Assert.Equal(0.08, Scrape("triton", "triton-summaries").Quantiles[LatencySignal.EndToEnd][0.95]);
        Assert.Equal((12.5, 250), Scrape("torchserve", "torchserve").Sums[LatencySignal.EndToEnd]);
        Assert.Equal((512, 20480), Scrape("llama-cpp", "llama-cpp").Sums[LatencySignal.InterToken]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_preset_asks_a_path_that_acts(string preset)
    {
        // LMDeploy ends itself on GET /terminate; others flush caches or generate.
        foreach (var path in All.Single(p => p.Name == preset).Paths)
            Assert.Contains(path, new[] { "/metrics", "/metrics/", "/v1/metrics", "/prometheus/metrics", "/monitoring/prometheus/metrics", "/api/ps", "/queue", "/system_stats", "/sdapi/v1/memory" });
    }

    private static LatencyScrape Scrape(string preset, string exposition)
    {
        var own = All.Single(p => p.Name == preset);
        var body = Reads.Exposition(exposition);
        return own.Format == PresetFormat.Json ? JsonPresetReader.Read(own, body, Reads.At(1)) : Reads.Read(own, body, 1);
    }

    private static (LatencyKind? Kind, double Count) EndToEnd(LatencyScrape scrape) =>
        scrape.Histograms.TryGetValue(LatencySignal.EndToEnd, out var histogram) ? (LatencyKind.Histogram, histogram.Count)
        : scrape.Sums.TryGetValue(LatencySignal.EndToEnd, out var sum) ? (scrape.Quantiles.ContainsKey(LatencySignal.EndToEnd) ? LatencyKind.SourceQuantiles : LatencyKind.MeanOnly, sum.Count)
        : (null, -1);

    private static string Rest(LatencyScrape scrape)
    {
        var values = new (string Word, double? Value)[]
        {
            (PresetFields.Running, scrape.Running), (PresetFields.Waiting, scrape.Waiting), (PresetFields.Requests, scrape.Requests),
            (PresetFields.Failed, scrape.FailedRequests), (PresetFields.PromptTokens, scrape.PromptTokens),
            (PresetFields.GeneratedTokens, scrape.GeneratedTokens), (PresetFields.KvCache, scrape.KvCacheRatio),
            (PresetFields.Reserved, scrape.ReservedBytes), (PresetFields.Allocated, scrape.AllocatedBytes),
        };
        var signals = scrape.Histograms.Keys.Concat(scrape.Sums.Keys).Concat(scrape.Quantiles.Keys).Distinct()
            .Where(s => s != LatencySignal.EndToEnd).Select(PresetFields.Word).Order(StringComparer.Ordinal);
        return string.Join(", ", values.Where(v => v.Value is not null)
            .Select(v => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{v.Word} {v.Value}")).Concat(signals));
    }

    [Fact]
    public void An_answer_of_nothing_fits_nobody_and_names_in_comments_are_enough()
    {
        var sniffer = new PresetSniffer(All);
        sniffer.Feed("process_cpu_seconds_total 1\n"u8);
        Assert.Empty(sniffer.Matches());
        sniffer.Feed(Encoding.UTF8.GetBytes("# HELP lmdeploy:num_requests_running x\n"));
        Assert.Equal("lmdeploy", Assert.Single(sniffer.Matches()).Name);
    }
}
