using Headroom.Model;
using Headroom.Observe.Activity;
using Headroom.Policies;

namespace Headroom.Tests.Observe.Activity;

public sealed class ActivityPortsTests
{
    private static readonly IReadOnlyList<Preset> All = PresetLibrary.BuiltIn();

    private static ContainerSample Container(string command = "", int[]? exposed = null, string? scraped = null, params (string, string)[] environment) => new()
    {
        Id = new WorkloadId("w", new string('a', 64), DateTimeOffset.UnixEpoch),
        ContainerName = "w",
        Image = "any",
        State = ContainerState.Running,
        Command = command.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        ExposedPorts = exposed ?? [],
        Labels = scraped is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["prometheus.io/port"] = scraped },
        Environment = environment.ToDictionary(e => e.Item1, e => e.Item2),
    };

    private static IReadOnlyList<int> Of(ContainerSample container, string? preset = null, params int[] told) => ActivityPorts.Of(new ActivityTarget(container, told, preset, null), All).Ports;

    [Fact]
    public void What_the_user_says_goes_before_everything() => Assert.Equal([9000], Of(Container("vllm serve --port 8001", [8000]), "vllm", 9000));

    [Fact]
    public void A_presets_port_goes_before_exposed_ones_and_the_command_line_before_the_presets() => Assert.Multiple(
        () => Assert.Equal([8000], Of(Container(exposed: [22, 8000]), "vllm")),
        () => Assert.Equal([8001], Of(Container("vllm serve x --port 8001", [8000]), "vllm")),
        () => Assert.Equal([11500], Of(Container(environment: ("OLLAMA_HOST", "0.0.0.0:11500")), "ollama")));

    [Fact]
    public void Servers_with_metrics_on_a_port_of_their_own_are_watched_where_requests_arrive() => Assert.Multiple(
        () => Assert.Equal([8000, 8001], Of(Container(exposed: [8000, 8001, 8002]), "triton")),
        () => Assert.Equal([9000, 8001], Of(Container("tritonserver --http-port=9000 --metrics-port 8002"), "triton")),
        () => Assert.Equal([8080, 7070], Of(Container(), "torchserve")),
        () => Assert.Equal([8501, 8500], Of(Container(), "tensorflow-serving")),
        () => Assert.Equal([8000], Of(Container(), "ray-serve")));

    [Fact]
    public void Without_a_preset_it_is_the_exposed_ports_without_the_one_that_is_only_scraped() => Assert.Multiple(
        () => Assert.Equal([8000], Of(Container(exposed: [8000, 9090], scraped: "9090"))),
        () => Assert.Equal([8000], Of(Container(exposed: [8000], scraped: "8000"))),
        () => Assert.Equal([8000, 8001], Of(Container(exposed: [8000, 8001]), "a preset that is gone")));

    [Fact]
    public void Every_preset_of_ours_names_a_port() => Assert.All(All, preset => Assert.NotEmpty(Of(Container(), preset.Name)));

    [Fact]
    public void Nothing_known_says_what_to_set() =>
        Assert.Contains("set `ports:`", ActivityPorts.Of(new ActivityTarget(Container(), [], null, null), All).Why, StringComparison.Ordinal);

    [Fact]
    public void No_more_ports_than_a_filter_takes() => Assert.Equal(32, Of(Container(), null, [.. Enumerable.Range(8000, 40)]).Count);
}
