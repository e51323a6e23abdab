using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

public sealed class LabelTests
{
    private static readonly Preset[] Presets = [new() { Name = "vllm" }, new() { Name = "sglang" }];

    [Fact]
    public void All_labels_are_read_in_the_grammar_of_the_policy()
    {
        var values = Read(
            ("headroom.enable", "yes"), ("headroom.exempt", "false"), ("headroom.mode", "recommend"), ("headroom.priority", "batch"),
            ("headroom.slo.p95", "80ms"), ("headroom.slo.itlP99", "1.5s"), ("headroom.vram.guarantee", "20GiB"), ("headroom.vram.cap", "24GiB"),
            ("headroom.window", "off-peak"), ("headroom.yields", "gate"), ("headroom.group", "embedders"), ("headroom.ports", "8000, 8001"),
            ("headroom.metrics", "vllm"), ("headroom.metrics.port", "9000"), ("headroom.metrics.path", "/m"), ("headroom.role", "guard"),
            ("com.docker.compose.service", "x"), ("headroomy.enable", "what"));

        Assert.Empty(values.Mistakes);
        Assert.Equal((true, false, "guard"), (values.Enable, values.Exempt, values.Role));
        Assert.Equal((Mode.Recommend, Priority.Batch, Yields.Gate), (values.Mode, values.Priority, values.Yields));
        Assert.Equal(
            [new Slo(LatencySignal.InterToken, 0.99, TimeSpan.FromSeconds(1.5)), new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(80))],
            values.Slos);
        Assert.Equal((20L << 30, 24L << 30), (values.GuaranteeBytes, values.CapBytes));
        Assert.Equal(("off-peak", "embedders"), (values.Window, values.Group));
        Assert.Equal([8000, 8001], values.Ports);
        Assert.Equal(("vllm", 9000, "/m"), (values.MetricsPreset, values.MetricsPort, values.MetricsPath));
    }

    [Theory]
    [InlineData("headroom.slo.p95", "80", "label headroom.slo.p95: \"80\" is not a duration; write 80ms or 80s")]
    [InlineData("headroom.slo.p95", "", "label headroom.slo.p95 has no value; write 80ms")]
    [InlineData("headroom.slo.p95", "  ", "label headroom.slo.p95 has no value; write 80ms")]
    [InlineData("headroom.slo.p95", "0ms", "label headroom.slo.p95: \"0ms\" is out of range; write more than 0, such as 80ms")]
    [InlineData("headroom.slo.p96", "80ms", "there is no label \"headroom.slo.p96\"; did you mean headroom.slo.p90?")]
    [InlineData("headroom.slo.ttftp95", "80ms", "there is no label \"headroom.slo.ttftp95\"; did you mean headroom.slo.ttftP95?")]
    [InlineData("headroom.prioritty", "batch", "there is no label \"headroom.prioritty\"; did you mean headroom.priority?")]
    [InlineData("Headroom.Enable", "true", "there is no label \"Headroom.Enable\"; did you mean headroom.enable?")]
    [InlineData("headroom.priority", "high", "label headroom.priority: \"high\" is not a priority; write critical, standard or batch")]
    [InlineData("headroom.vram.cap", "24G", "label headroom.vram.cap: \"24G\" is not a size; write 24GiB")]
    [InlineData("headroom.vram.cap", "24", "label headroom.vram.cap: \"24\" is out of range; write 1MiB or more, such as 20GiB")]
    [InlineData("headroom.ports", "8000;8001", "label headroom.ports: \"8000;8001\" is not a port (1 to 65535); write 8000, or 8000, 8001")]
    [InlineData("headroom.metrics", "vlm", "label headroom.metrics: no preset is called \"vlm\"; did you mean vllm?")]
    [InlineData("headroom.metrics.path", "metrics", "label headroom.metrics.path: \"metrics\" is not a path that begins with /; write /metrics")]
    [InlineData("headroom.enable", "ture", "label headroom.enable: \"ture\" is neither yes nor no; write true or false (the container is not enabled until then)")]
    [InlineData("headroom.exempt", "", "label headroom.exempt has no value; write true (the container is exempt until then)")]
    [InlineData("headroom.mode", "enforced", "label headroom.mode: \"enforced\" is not a mode; did you mean enforce? (it is only observed until then)")]
    [InlineData("headroom.role", "model", "label headroom.role: \"model\" is not a part of Headroom; write agent, guard or monitoring (the container is exempt until then)")]
    public void A_mistake_names_label_value_and_what_would_be_right(string label, string value, string mistake) =>
        Assert.Equal([mistake], Read((label, value)).Mistakes);

    [Fact]
    public void A_label_that_restricts_and_cannot_be_read_restricts()
    {
        Assert.True(Read(("headroom.exempt", "ture")).Exempt);
        Assert.True(Read(("headroom.role", "agnet")).Exempt);
        Assert.False(Read(("headroom.enable", "flase")).Enable);
        Assert.Equal(Mode.Observe, Read(("headroom.mode", "enfore")).Mode);
    }

    [Fact]
    public void A_preset_named_where_there_is_none_is_told() =>
        Assert.Equal(
            ["label headroom.metrics: no preset is called \"vllm\"; there is none"],
            Labels.Read(new Dictionary<string, string> { ["headroom.metrics"] = "vllm" }, []).Mistakes);

    [Fact]
    public void A_guarantee_above_the_cap_counts_for_nothing()
    {
        var values = Read(("headroom.vram.guarantee", "24GiB"), ("headroom.vram.cap", "20GiB"));

        Assert.Equal((null, null), (values.GuaranteeBytes, values.CapBytes));
        Assert.Single(values.Mistakes);
    }

    [Fact]
    public void A_container_with_hundreds_of_wrong_labels_does_not_flood()
    {
        var mistakes = Read([.. Enumerable.Range(0, 300).Select(i => ($"headroom.x{i}", "y"))]).Mistakes;

        Assert.Equal(21, mistakes.Count);
        Assert.Equal("and 280 more", mistakes[^1]);
    }

    private static LabelValues Read(params (string, string)[] labels) => Labels.Read(labels.ToDictionary(label => label.Item1, label => label.Item2), Presets);
}
