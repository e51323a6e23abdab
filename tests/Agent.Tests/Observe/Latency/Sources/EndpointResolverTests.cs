using System.Net;
using System.Net.Sockets;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Observe.Latency.Sources;
using Headroom.Tests.Support;

namespace Headroom.Tests.Observe.Latency.Sources;

public sealed class EndpointResolverTests
{
    private static readonly ContainerSample Gpu = Some.Container("mine:1") with { Gpus = new GpuRequest(true, []) };

    [Fact]
    public async Task A_page_is_known_by_its_names_and_read_by_that_preset()
    {
        await using var server = Server("/metrics", SomePresets.VllmPage);
        using var http = Http();

        var reader = await ResolveAsync(http, Probing(server));
        Assert.Equal("vllm", reader.Source);
        Assert.Equal($"http://127.0.0.1:{server.Port}/metrics", reader.Endpoint);
        Assert.True(reader.CountsCompletions);
        var scrape = await reader.ReadAsync(CancellationToken.None);
        Assert.Equal(2, scrape.Running);
        Assert.Equal(5, scrape.Histograms[LatencySignal.EndToEnd].Count);
        Assert.Equal(["GET /metrics"], server.Asked);
    }

    [Fact]
    public async Task A_server_that_hosts_an_engine_goes_before_the_engine()
    {
        await using var server = Server("/metrics", SomePresets.VllmPage + "nv_inference_request_success{model=\"m\"} 7\n");
        using var http = Http();

        Assert.Equal("triton", (await ResolveAsync(http, Probing(server))).Source);
        // Unless the container says that it is the engine.
        var engine = new LatencyTarget(Some.Container("vllm/vllm-openai"), new MetricsSource(Port: server.Port), [], false);
        Assert.Equal("vllm", (await ResolveAsync(http, engine)).Source);
    }

    [Fact]
    public async Task Only_paths_that_presets_name_are_asked_however_the_server_answers()
    {
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 302, "", "Location: /terminate\r\n"));
        using var http = Http();

        var error = await FailsAsync(http, Probing(server));
        Assert.Equal(EndpointFault.Refused, error.Fault);
        Assert.Contains("redirect", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["GET /metrics", "GET /monitoring/prometheus/metrics", "GET /api/ps"], server.Requests.Select(request => request.ToString()));
    }

    [Fact]
    public async Task A_guess_whose_page_shows_no_known_name_is_not_used()
    {
        await using var server = Server("/metrics", SomePresets.ForeignPage);
        using var http = Http();

        var error = await FailsAsync(http, Probing(server));
        Assert.Equal(EndpointFault.NotYet, error.Fault);
        Assert.Contains("shows no names that a preset knows", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_known_server_with_an_empty_page_was_not_used_yet_and_is_read_from_now_on()
    {
        var page = "";
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 200, page));
        using var http = Http();

        var reader = await ResolveAsync(http, Known("huggingface/text-embeddings-inference", server));
        Assert.Equal("tei", reader.Source);
        // Neither quiet nor wrong yet: many a wrong port answers with an empty page too.
        var notYet = await Assert.ThrowsAsync<EndpointException>(async () => await reader.ReadAsync(CancellationToken.None));
        Assert.Contains("no request has come yet", notYet.Message, StringComparison.Ordinal);
        page = "te_request_count{method=\"single\"} 3\n";
        Assert.Equal(3, (await reader.ReadAsync(CancellationToken.None)).Requests);
    }

    [Fact]
    public async Task A_known_server_whose_page_shows_only_strangers_is_not_taken_for_quiet()
    {
        await using var server = Server("/metrics", SomePresets.ForeignPage);
        using var http = Http();

        // vLLM with --disable-log-stats: it may be busy, nobody knows.
        var reader = await ResolveAsync(http, Known("vllm/vllm-openai", server));
        var error = await Assert.ThrowsAsync<EndpointException>(async () => await reader.ReadAsync(CancellationToken.None));
        Assert.Equal(EndpointFault.NotYet, error.Fault);
        Assert.Contains("shows none of the names of preset vllm", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_passed_over_for_the_next()
    {
        await using var server = Server("/metrics", SomePresets.VllmPage);
        using var http = Http();
        var target = new LatencyTarget(Gpu with { ExposedPorts = [DeadPort(), server.Port] }, null, [], false);

        Assert.Equal($"http://127.0.0.1:{server.Port}/metrics", (await ResolveAsync(http, target)).Endpoint);
    }

    [Fact]
    public async Task A_json_server_is_known_by_a_property_of_its_answer()
    {
        await using var server = Server("/api/ps", """{"models":[{"name":"m","size_vram":5137025024},{"name":"n","size_vram":1}]}""");
        using var http = Http();
        var target = new LatencyTarget(Some.Container("ollama/ollama"), new MetricsSource(Port: server.Port), [], false);

        var reader = await ResolveAsync(http, target);
        Assert.Equal("ollama", reader.Source);
        Assert.Equal(5137025025, (await reader.ReadAsync(CancellationToken.None)).AllocatedBytes);
        Assert.False(reader.CountsCompletions);
    }

    [Theory]
    [InlineData("<html>", "no JSON|not as preset ollama")]
    [InlineData("{\"tasks\":[]}", "not as preset ollama")]
    public async Task A_json_server_that_answers_otherwise_is_not_empty(string answer, string words)
    {
        await using var server = Server("/api/ps", answer);
        using var http = Http();
        var reader = new JsonEndpoint(http, server.Port, "/api/ps", SomePresets.Ollama, TimeProvider.System);

        var error = await Assert.ThrowsAsync<EndpointException>(async () => await reader.ReadAsync(CancellationToken.None));
        Assert.Matches(words, error.Message);
    }

    [Fact]
    public async Task A_probe_without_any_port_is_told_what_to_set()
    {
        using var http = Http();
        var target = new LatencyTarget(Some.Container(), new MetricsSource(Probe: new HttpProbe("GET", "/", null, null, TimeSpan.FromSeconds(1))), [], false);

        var error = await FailsAsync(http, target);
        Assert.Contains("the probe needs a port", error.Message, StringComparison.Ordinal);
    }

    private static RawHttpServer Server(string path, string body) => RawHttpServer.Pages(new Dictionary<string, string> { [path] = body });

    private static ContainerHttp Http() => new(Some.Container(), TimeProvider.System);

    /// <summary>Nothing tells what it is: only this server's port may be asked.</summary>
    private static LatencyTarget Probing(RawHttpServer server) => new(Gpu, new MetricsSource(Port: server.Port), [], false);

    private static LatencyTarget Known(string image, RawHttpServer server) => new(Some.Container(image), new MetricsSource(Port: server.Port), [], false);

    private static Task<ILatencyReader> ResolveAsync(ContainerHttp http, LatencyTarget target) =>
        ReaderFactory.CreateAsync(target, SomePresets.All, http, TimeProvider.System, CancellationToken.None);

    private static Task<EndpointException> FailsAsync(ContainerHttp http, LatencyTarget target) =>
        Assert.ThrowsAsync<EndpointException>(() => ResolveAsync(http, target));

    private static int DeadPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
