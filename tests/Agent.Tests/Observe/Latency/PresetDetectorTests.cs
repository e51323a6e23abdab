using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Policies;

namespace Headroom.Tests.Observe.Latency;

public class PresetDetectorTests
{
    private static readonly IReadOnlyList<Preset> All = PresetLibrary.BuiltIn();

    private static ContainerSample Container(string image = "python:3.12", string? command = null) => new()
    {
        Id = new WorkloadId("w", new string('a', 64), DateTimeOffset.UnixEpoch),
        ContainerName = "w",
        Image = image,
        State = ContainerState.Running,
        Command = command?.Split(' ') ?? [],
    };

    [Theory]
    [InlineData("vllm/vllm-openai:v0.11.0", "vllm")]
    [InlineData("docker.io/vllm/vllm-openai@sha256:0123", "vllm")]
    [InlineData("registry.corp:5000/mirror/vllm/vllm-openai:latest", "vllm")]
    [InlineData("localhost/vllm-openai", "vllm")]
    [InlineData("lmsysorg/sglang:v0.5", "sglang")]
    [InlineData("nvcr.io/nvidia/tritonserver:25.10-py3", "triton")]
    [InlineData("nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8", "nim")]
    [InlineData("harbor.corp/nvcr/nim/meta/llama-3.1-8b-instruct", "nim")]
    [InlineData("nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.6", "dynamo")]
    [InlineData("ghcr.io/huggingface/text-generation-inference:3.3", "tgi")]
    [InlineData("ghcr.io/huggingface/text-embeddings-inference:cpu-1.8", "tei")]
    [InlineData("openmmlab/lmdeploy:latest", "lmdeploy")]
    [InlineData("ghcr.io/ggml-org/llama.cpp:server-cuda", "llama-cpp")]
    [InlineData("pytorch/torchserve:0.12.0-gpu", "torchserve")]
    [InlineData("pytorch/torchserve-nightly:gpu", "torchserve")]
    [InlineData("tensorflow/serving:2.18.0-gpu", "tensorflow-serving")]
    [InlineData("openvino/model_server:2025.3-gpu", "openvino")]
    [InlineData("rayproject/ray-ml:2.50", "ray-serve")]
    [InlineData("kserve/huggingfaceserver:v0.15-gpu", "kserve")]
    [InlineData("seldonio/mlserver:1.7", "mlserver")]
    [InlineData("xprobe/xinference:latest", "xinference")]
    [InlineData("ghcr.io/berriai/litellm:main", "litellm")]
    [InlineData("ollama/ollama", "ollama")]
    public void An_image_tells_its_server(string image, string preset)
    {
        var candidate = PresetDetector.Candidates(Container(image), All)[0];
        Assert.Equal(preset, candidate.Preset.Name);
        Assert.False(candidate.Guess);
        Assert.StartsWith("image ", candidate.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vllm serve Qwen/Qwen3-8B", "vllm")]
    [InlineData("python3 -m vllm.entrypoints.openai.api_server --model x", "vllm")]
    [InlineData("python3 -m sglang.launch_server --model-path x", "sglang")]
    [InlineData("/opt/tritonserver/bin/tritonserver --model-repository=/m", "triton")]
    [InlineData("/app/llama-server -m x.gguf", "llama-cpp")]
    [InlineData("lmdeploy serve api_server internlm", "lmdeploy")]
    [InlineData("trtllm-serve llama", "trtllm")]
    [InlineData("/usr/bin/tf_serving_entrypoint.sh", "tensorflow-serving")]
    [InlineData("bentoml serve .", "bentoml")]
    [InlineData("/bin/ollama serve", "ollama")]
    public void A_command_line_tells_its_server(string command, string preset) =>
        Assert.Equal(preset, PresetDetector.Candidates(Container(command: command), All)[0].Preset.Name);

    [Fact]
    public void Words_inside_a_shell_command_count()
    {
        var container = Container() with { Command = ["/bin/sh", "-c", "export X='1'; exec vllm serve \"Qwen/Qwen3-8B\" --port 8123"] };
        var candidate = Assert.Single(PresetDetector.Candidates(container, All));
        Assert.Equal("vllm", candidate.Preset.Name);
        Assert.Equal([8123], candidate.Ports);
    }

    [Theory]
    [InlineData("vllmx serve m")]
    [InlineData("grep vllm /serve")]
    [InlineData("python not-sglang.launch_server")]
    public void Words_that_only_look_alike_tell_nothing(string command) =>
        Assert.All(PresetDetector.Candidates(Container(command: command), All), c => Assert.True(c.Guess));

    [Theory]
    [InlineData("vllm serve m --port 8001", 8001)]
    [InlineData("vllm serve m --port=8001", 8001)]
    [InlineData("vllm serve m --port 9000 --port 8001", 8001)]
    public void A_port_on_the_command_line_is_the_port(string command, int port) =>
        Assert.Equal([port], PresetDetector.Candidates(Container("vllm/vllm-openai", command) with { ExposedPorts = [8000] }, All)[0].Ports);

    [Theory]
    [InlineData("vllm serve m --port")]
    [InlineData("vllm serve m --port ${PORT}")]
    [InlineData("vllm serve m --port 70000")]
    [InlineData("vllm serve m --portly 8001")]
    public void A_port_that_is_none_leaves_the_preset_s_own_and_the_exposed_ones(string command) =>
        Assert.Equal([8000, 7000, 7001], PresetDetector.Candidates(
            Container("vllm/vllm-openai", command) with { ExposedPorts = [7000, 8000], PublishedPorts = [new PublishedPort(7001, 80, "0.0.0.0")] }, All)[0].Ports);

    [Theory]
    [InlineData("nvcr.io/nim/meta/llama", "NIM_SERVER_PORT", "8080", 8080)]
    [InlineData("ollama/ollama", "OLLAMA_HOST", "0.0.0.0:11500", 11500)]
    [InlineData("pytorch/torchserve", "TS_METRICS_ADDRESS", "http://0.0.0.0:8090/", 8090)]
    public void A_port_in_the_environment_is_the_port(string image, string name, string value, int port) =>
        Assert.Equal([port], PresetDetector.Candidates(Container(image) with { Environment = new Dictionary<string, string> { [name] = value } }, All)[0].Ports);

    [Fact]
    public void A_flag_overrules_the_port_that_an_image_sets_by_default()
    {
        // On the host's network port 80 may be any other server.
        var container = Container("ghcr.io/huggingface/text-embeddings-inference:1.8", "text-embeddings-router --port 8081") with
        {
            Environment = new Dictionary<string, string> { ["PORT"] = "80" },
            HostNetwork = true,
        };
        Assert.Equal([8081], PresetDetector.Candidates(container, All)[0].Ports);
    }

    [Fact]
    public void A_client_of_model_servers_is_not_taken_for_one()
    {
        string[] names = ["OLLAMA_BASE_URL", "OLLAMA_HOST", "VLLM_API_BASE", "COMFYUI_BASE_URL", "NIM_API_KEY", "RAY_ADDRESS", "LITELLM_API_KEY", "SGLANG_URL", "PORT"];
        var container = Container("open-webui/open-webui") with { Environment = names.ToDictionary(n => n, _ => ""), ExposedPorts = [8080] };
        Assert.All(PresetDetector.Candidates(container, All), c => Assert.True(c.Guess));
    }

    [Fact]
    public void Nim_goes_before_the_triton_inside_it()
    {
        var container = Container(command: "tritonserver --model-store=/m") with { Environment = new Dictionary<string, string> { ["NIM_CACHE_PATH"] = "/c" } };
        Assert.Equal(["nim", "triton"], PresetDetector.Candidates(container, All).Select(c => c.Preset.Name));
        Assert.Contains("NIM_CACHE_PATH", PresetDetector.Candidates(container, All)[0].Why);
    }

    [Fact]
    public void The_image_goes_before_the_command_line()
    {
        var candidates = PresetDetector.Candidates(Container("rayproject/ray:2.50", "vllm serve m"), All);
        Assert.Equal(["ray-serve", "vllm"], candidates.Select(c => c.Preset.Name));
    }

    [Fact]
    public void A_users_preset_goes_first()
    {
        var mine = new Preset { Name = "mine", Paths = ["/mine"], Detect = new PresetDetection { Images = ["vllm/vllm-openai"] } };
        Assert.Equal("mine", PresetDetector.Candidates(Container("vllm/vllm-openai"), [.. All, mine])[0].Preset.Name);
    }

    [Fact]
    public void A_scrape_label_tells_port_and_path()
    {
        var container = Container("vllm/vllm-openai", "vllm serve --port 8001") with
        {
            Labels = new Dictionary<string, string> { ["prometheus.io/port"] = "9400", ["prometheus.io/path"] = "/custom" },
        };
        var candidate = PresetDetector.Candidates(container, All)[0];
        Assert.Equal([9400], candidate.Ports);
        Assert.Equal(["/custom"], candidate.Paths);
    }

    [Fact]
    public void On_the_hosts_network_only_ports_that_belong_to_the_server_are_tried()
    {
        var container = Container("vllm/vllm-openai") with { HostNetwork = true, ExposedPorts = [5000] };
        Assert.Equal([8000], PresetDetector.Candidates(container, All)[0].Ports);
        Assert.Empty(PresetDetector.Candidates(Container() with { HostNetwork = true }, All));
    }

    [Fact]
    public void When_nothing_is_known_prometheus_presets_are_tried_on_exposed_ports_by_paths_of_presets_only()
    {
        var guesses = PresetDetector.Candidates(Container() with { ExposedPorts = [5000, 11434] }, All);
        Assert.All(guesses, g => Assert.True(g.Guess));
        Assert.All(guesses, g => Assert.Equal(g.Preset.Paths, g.Paths));
        Assert.All(guesses.Where(g => g.Preset.Format == PresetFormat.Prometheus), g => Assert.Equal([5000, 11434], g.Ports));
        Assert.Equal([11434], Assert.Single(guesses, g => g.Preset.Format == PresetFormat.Json).Ports);
        Assert.True(guesses.Count > 15);
    }

    [Fact]
    public void An_image_known_only_by_its_digest_tells_nothing() =>
        Assert.All(PresetDetector.Candidates(Container("sha256:0123456789ab"), All), c => Assert.True(c.Guess));
}
