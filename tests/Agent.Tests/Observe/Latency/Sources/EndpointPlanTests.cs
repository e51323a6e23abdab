using CsCheck;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Observe.Latency.Sources;

namespace Headroom.Tests.Observe.Latency.Sources;

public sealed class EndpointPlanTests
{
    [Fact]
    public void A_known_image_is_asked_where_its_server_usually_is()
    {
        var plan = Plan(Some.Container("registry.local/vllm/vllm-openai:v0.11.0"));
        Assert.Equal([("vllm", 8000, "/metrics")], plan);
    }

    [Fact]
    public void The_command_line_tells_the_port()
    {
        var plan = Plan(Some.Container("mine:1") with { Command = ["vllm", "serve", "--port=9001"] });
        Assert.Equal([("vllm", 9001, "/metrics")], plan);
    }

    [Fact]
    public void What_the_user_says_is_asked_and_nothing_else()
    {
        var target = new LatencyTarget(
            Some.Container("vllm/vllm-openai") with { ExposedPorts = [8000], Labels = Labels(("prometheus.io/port", "7")) },
            new MetricsSource(Preset: "triton", Port: 9100, Path: "/m"), [8501], true);
        Assert.Equal([("triton", 9100, "/m")], Plan(target));
    }

    [Fact]
    public void A_named_preset_without_a_port_takes_the_ports_of_label_command_line_or_preset()
    {
        var named = new MetricsSource(Preset: "vllm");
        var plain = Some.Container("mine:1");
        Assert.Equal([("vllm", 8000, "/metrics")], Plan(new LatencyTarget(plain, named, [], false)));
        Assert.Equal([("vllm", 9001, "/metrics")], Plan(new LatencyTarget(plain with { Command = ["serve.py", "--port", "9001"] }, named, [], false)));
        Assert.Equal([("vllm", 9002, "/stats")], Plan(new LatencyTarget(
            plain with { Labels = Labels(("prometheus.io/port", "9002"), ("prometheus.io/path", "/stats")) }, named, [], false)));
    }

    [Fact]
    public void Ports_where_requests_arrive_are_asked_first()
    {
        Assert.Equal([("vllm", 8123, "/metrics"), ("vllm", 8000, "/metrics")],
            Plan(new LatencyTarget(Some.Container("vllm/vllm-openai"), null, [8123], false)));
    }

    [Fact]
    public void On_the_hosts_network_only_ports_that_were_told_are_asked()
    {
        // TGI and TEI open 9000 whatever their own port is: it may be the neighbour's.
        var tei = Some.Container("ghcr.io/huggingface/text-embeddings-inference:1.8") with { HostNetwork = true, Addresses = [] };
        var refused = Assert.Throws<EndpointException>(() => Plan(tei));
        Assert.Contains("name its port with `headroom.metrics.port`", refused.Message, StringComparison.Ordinal);

        Assert.Equal([("tei", 8080, "/metrics")], Plan(tei with { Labels = Labels(("prometheus.io/port", "8080")) }));
        Assert.Equal([("tei", 8081, "/metrics")], Plan(new LatencyTarget(tei, null, [8081], false)));
        Assert.Equal([("tei", 8082, "/metrics")], Plan(new LatencyTarget(tei, new MetricsSource(Port: 8082), [], false)));
        var vllm = Some.Container("vllm/vllm-openai") with { HostNetwork = true, Addresses = [], Command = ["vllm", "serve", "--port", "8083"] };
        Assert.Equal([("vllm", 8083, "/metrics")], Plan(vllm));
    }

    [Fact]
    public void A_container_that_gives_no_sign_is_left_alone()
    {
        var database = Some.Container("postgres:17") with { ExposedPorts = [5432] };
        var refused = Assert.Throws<EndpointException>(() => Plan(database));
        Assert.Equal(EndpointFault.Settings, refused.Fault);
        Assert.Contains("nothing tells what server it is", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_gpu_container_is_asked_on_the_ports_it_exposes_then_where_servers_usually_are()
    {
        var plan = Plan(Some.Container("mine:1") with { ExposedPorts = [5000], Gpus = new GpuRequest(true, []) });
        Assert.Equal(
            [
                ("triton", 5000, "/metrics"), ("vllm", 5000, "/metrics"), ("tei", 5000, "/metrics"), ("tensorflow-serving", 5000, "/monitoring/prometheus/metrics"),
            ],
            plan.Where(tried => tried.Port == 5000));
        Assert.Equal(5000, plan[0].Port);
        Assert.Contains(("vllm", 8000, "/metrics"), plan);
        Assert.Equal(("ollama", 11434, "/api/ps"), plan[^1]);
    }

    [Fact]
    public void A_container_that_prometheus_is_told_not_to_scrape_is_left_alone_unless_the_user_names_it()
    {
        var quiet = Some.Container("vllm/vllm-openai") with { Labels = Labels(("prometheus.io/scrape", "false")) };
        Assert.Throws<EndpointException>(() => Plan(quiet));
        Assert.NotEmpty(Plan(new LatencyTarget(quiet, new MetricsSource(Preset: "vllm"), [], false)));
    }

    [Fact]
    public void A_preset_that_does_not_exist_is_told_with_those_that_do()
    {
        var error = Assert.Throws<EndpointException>(() =>
            Plan(new LatencyTarget(Some.Container(), new MetricsSource(Preset: "vlm"), [], false)));
        Assert.Equal("there is no preset `vlm`: it must be one of ollama, tei, tensorflow-serving, triton, vllm", error.Message);
    }

    [Fact]
    public void No_path_is_ever_planned_that_neither_a_preset_nor_the_owner_named()
    {
        var port = Gen.Int[1, 65535];
        var labels = Gen.OneOf(Labels(), Labels(("prometheus.io/port", "9")), Labels(("prometheus.io/scrape", "true"), ("prometheus.io/path", "/own")));
        var images = Gen.OneOf("vllm/vllm-openai", "nvcr.io/nvidia/tritonserver:25.01", "ollama/ollama", "postgres", "");
        var metrics = Gen.OneOf(null, new MetricsSource(Path: "/own"), new MetricsSource(Port: 8), new MetricsSource(Preset: "tei"));
        var allowed = SomePresets.All.SelectMany(preset => preset.Paths).Append("/own").ToHashSet();

        Gen.Select(images, labels, port.List[0, 3], metrics, Gen.Bool, Gen.Bool).Sample((image, label, ports, source, gpu, host) =>
        {
            var container = Some.Container(image) with { Labels = label, ExposedPorts = ports, HostNetwork = host, Gpus = gpu ? new GpuRequest(true, []) : null };
            try
            {
                return EndpointPlan.Of(new LatencyTarget(container, source, [], false), SomePresets.All)
                    .All(tried => allowed.Contains(tried.Path) && tried.Port is > 0 and < 65536);
            }
            catch (EndpointException e)
            {
                return e.Fault == EndpointFault.Settings;
            }
        });
    }

    private static List<(string Preset, int Port, string Path)> Plan(ContainerSample container) => Plan(new LatencyTarget(container, null, [], false));

    private static List<(string Preset, int Port, string Path)> Plan(LatencyTarget target) =>
        [.. EndpointPlan.Of(target, SomePresets.All).Select(tried => (tried.Preset.Name, tried.Port, tried.Path))];

    private static Dictionary<string, string> Labels(params (string Name, string Value)[] labels) => labels.ToDictionary(label => label.Name, label => label.Value);
}
