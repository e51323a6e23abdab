using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

public sealed class PresetTests
{
    private const string Vllm = """
        name: vllm
        verified: capture        # capture | docs
        ports: [8000]
        paths: [/metrics]
        detect: { images: [vllm/vllm-openai], argv: [vllm.entrypoints], env: [VLLM_X], prefixes: ["vllm:"], portFlags: [--port] }
        fields:
          e2e: { histogram: "vllm:e2e_request_latency_seconds" }
          itl: [ { histogram: "vllm:inter_token_latency_seconds" }, { histogram: "vllm:time_per_output_token_seconds" } ]
          running: { gauge: "vllm:num_requests_running" }
          queue: { sum: nv_inference_queue_duration_us, count: nv_inference_exec_count, unit: us }
          waiting: { gauge: x, where: { tp_rank: "0" } }
        """;

    [Fact]
    public void A_preset_is_read_whole()
    {
        var preset = Good(Vllm);

        Assert.Equal("vllm", preset.Name);
        Assert.Equal(PresetEvidence.Capture, preset.Verified);
        Assert.Equal(PresetFormat.Prometheus, preset.Format);
        Assert.Equal([8000], preset.Ports);
        Assert.Equal(["/metrics"], preset.Paths);
        Assert.Equal(["vllm/vllm-openai"], preset.Detect.Images);
        Assert.Equal(["vllm.entrypoints"], preset.Detect.Argv);
        Assert.Equal(["VLLM_X"], preset.Detect.Env);
        Assert.Equal(["vllm:"], preset.Detect.Prefixes);
        Assert.Equal(["--port"], preset.Detect.PortFlags);
        Assert.Equal([new PresetField("vllm:e2e_request_latency_seconds", PresetFieldKind.Histogram)], preset.Fields["e2e"]);
        Assert.Equal(
            ["vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"], preset.Fields["itl"].Select(field => field.Name));
        Assert.Equal([new PresetField("vllm:num_requests_running", PresetFieldKind.Gauge)], preset.Fields["running"]);
        Assert.Equal(
            [new PresetField("nv_inference_queue_duration_us", PresetFieldKind.SumAndCount, 1e-6, Count: "nv_inference_exec_count")], preset.Fields["queue"]);
        Assert.Equal("0", Assert.Single(preset.Fields["waiting"]).Where!["tp_rank"]);
    }

    [Fact]
    public void A_JSON_preset_names_paths_and_what_is_taken_off()
    {
        var preset = Good("""
            name: comfyui
            format: json
            paths: [/system_stats, /queue]
            fields:
              reservedBytes: { gauge: "devices[].torch_vram_total" }
              allocatedBytes: { gauge: "devices[].torch_vram_total", minus: "devices[].torch_vram_free" }
            """);

        Assert.Equal(PresetFormat.Json, preset.Format);
        Assert.Equal(
            [new PresetField("devices[].torch_vram_total", PresetFieldKind.Gauge, Minus: "devices[].torch_vram_free")], preset.Fields["allocatedBytes"]);
    }

    [Theory]
    [InlineData("s", 1)]
    [InlineData("ms", 1e-3)]
    [InlineData("us", 1e-6)]
    [InlineData("ns", 1e-9)]
    public void Latencies_come_in_units_of_time(string unit, double seconds) =>
        Assert.Equal(seconds, Good(OneField($"e2e: {{ summary: x, unit: {unit} }}")).Fields["e2e"][0].Unit);

    [Theory]
    [InlineData("bytes", 1)]
    [InlineData("KiB", 1024)]
    [InlineData("MiB", 1048576)]
    [InlineData("GiB", 1073741824)]
    [InlineData("MB", 1e6)]
    [InlineData("GB", 1e9)]
    public void Memory_comes_in_units_of_bytes(string unit, double bytes) =>
        Assert.Equal(bytes, Good(OneField($"reservedBytes: {{ gauge: x, unit: {unit} }}")).Fields["reservedBytes"][0].Unit);

    [Fact]
    public void A_cache_may_be_told_in_percent() =>
        Assert.Equal(0.01, Good(OneField("kvCache: { gauge: x, unit: percent }")).Fields["kvCache"][0].Unit);

    [Theory]
    [InlineData("e2e: { gauge: x }", "5:10: e2e cannot be read from a gauge; write histogram, summary or sum")]
    [InlineData("running: { histogram: x }", "5:14: running cannot be read from a histogram; write gauge or counter")]
    [InlineData("e2e: { histogram: x, summary: y }", "5:24: a source is one of histogram, summary, counter, gauge or sum; it has histogram already")]
    [InlineData("e2e: { unit: ms }", "5:8: a source needs one of histogram, summary, counter, gauge or sum")]
    [InlineData("e2e: { sum: x }", "5:10: sum needs count: the counter of what was summed")]
    [InlineData("e2e: { histogram: x, count: y }", "5:24: count belongs to sum; remove it")]
    [InlineData("e2e: { histogram: x, unit: MiB }", "5:24: e2e is not measured in MiB; write s, ms, us or ns")]
    [InlineData("running: { gauge: x, unit: ms }", "5:24: running is a number without a unit; remove unit")]
    [InlineData("e2e: { histogram: x, unit: sec }", "5:30: unit: \"sec\" is not a unit; write s, ms, us, ns, bytes, KiB, MiB, GiB, MB, GB or percent")]
    [InlineData("e2e: { histogram: 'x y' }", "5:10: histogram: \"x y\" is not the name of a metric; write vllm:num_requests_running")]
    [InlineData("kvCache: { gauge: x, minus: y }", "5:24: minus is for JSON answers only; remove it, or write format: json")]
    [InlineData("e2ee: { histogram: x }", "5:3: fields has no key \"e2ee\"; did you mean e2e?")]
    [InlineData("e2e: x", "5:8: e2e must be a source: { gauge: my_requests_running }; found \"x\"")]
    public void A_field_that_cannot_work_is_refused(string field, string problem) =>
        Assert.Equal([$"x.yaml:{problem}"], Bad(OneField(field)));

    [Fact]
    public void An_empty_pattern_which_would_match_everything_is_refused() =>
        Assert.Equal(
            ["x.yaml:6:20: an item of images: \"\" is empty; write some text or remove it"],
            Bad(OneField("e2e: { histogram: x }") + "\ndetect: { images: ['', a] }"));

    [Fact]
    public void A_preset_needs_a_name_paths_and_fields() =>
        Assert.Equal(
            [
                "x.yaml:1:1: a preset needs the key name: vllm",
                "x.yaml:1:1: a preset needs the key paths: [ /metrics ]",
                "x.yaml:1:1: a preset needs the key fields: { e2e: { histogram: my_request_seconds } }",
            ],
            Bad("format: prometheus"));

    [Fact]
    public void All_mistakes_of_a_preset_are_told_at_once() =>
        Assert.Equal(
            [
                "x.yaml:1:7: name: \"My Server\" is not a name for a preset; write small letters, digits and dashes, as my-server",
                "x.yaml:2:11: verified: \"captured\" is not a kind of evidence; did you mean capture?",
                "x.yaml:3:15: an item of ports: \"99999\" is not a port (1 to 65535); write 8000",
                "x.yaml:4:9: an item of paths: \"metrics\" is not a path that begins with /; write /metrics",
                "x.yaml:5:11: detect has no key \"image\"; did you mean images?",
                "x.yaml:6:1: fields is empty; a preset needs at least one",
            ],
            Bad("""
                name: My Server
                verified: captured
                ports: [8000, 99999]
                paths: [metrics]
                detect: { image: [x] }
                fields: {}
                """));

    [Fact]
    public void The_built_in_presets_are_right_and_each_is_named_as_its_file()
    {
        var presets = PresetLibrary.BuiltIn();

        Assert.Equal(presets.Count, presets.Select(preset => preset.Name).Distinct().Count());
        foreach (var preset in presets)
            Assert.Contains($"presets/{preset.Name}.yaml", typeof(PresetLibrary).Assembly.GetManifestResourceNames());
    }

    [Fact]
    public void A_users_preset_replaces_the_one_of_its_name_and_others_come_last()
    {
        var builtIn = new[] { new Preset { Name = "a" }, new Preset { Name = "b" } };
        var users = new[] { new Preset { Name = "c" }, new Preset { Name = "a", Ports = [1] } };

        var all = builtIn.With(users);

        Assert.Equal(["a", "b", "c"], all.Select(preset => preset.Name));
        Assert.Equal([1], all[0].Ports);
    }

    private static string OneField(string field) => $"""
        name: x
        format: prometheus
        paths: [/metrics]
        fields:
          {field}
        """;

    private static Preset Good(string text)
    {
        var problems = new Problems();
        var preset = PresetLibrary.Read(PolicyFile.FromText("x.yaml", text), problems);
        Assert.Empty(problems.ToList());
        return preset!;
    }

    private static IEnumerable<string> Bad(string text)
    {
        var problems = new Problems();
        Assert.Null(PresetLibrary.Read(PolicyFile.FromText("x.yaml", text), problems));
        return problems.ToList().Select(problem => problem.ToString());
    }
}
