using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Headroom.Export.Api;
using Headroom.Export.Api.Tokens;
using Headroom.Model;
using Headroom.Tests.Cli;
using Headroom.Tests.Support;

namespace Headroom.Tests.Export.Api;

/// <summary>Who gets what over which listener.</summary>
public sealed class ControlApiTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-control-").FullName;
    private readonly List<AgentCommand> _commands = [];
    private readonly HttpClient _http = new();

    private string Tokens => TokenFile.In(_folder);

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Every_route_is_in_the_OpenAPI_document_and_nothing_else()
    {
        using var resource = typeof(Endpoints).Assembly.GetManifestResourceStream("openapi.json")!;
        using var document = JsonDocument.Parse(resource);
        var documented = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name} token:{method.Value.TryGetProperty("security", out _)}"));

        var routes = new Endpoints(TestApi.Parts(() => null)).Routes;

        Assert.Equal(routes.Select(r => $"{r.Method} {r.Path} token:{r.Needs is not null}").Order(), documented.Order());
        Assert.StartsWith("3.1", document.RootElement.GetProperty("openapi").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_OpenAPI_document_refers_to_nothing_that_it_does_not_have()
    {
        using var resource = typeof(Endpoints).Assembly.GetManifestResourceStream("openapi.json")!;
        using var document = JsonDocument.Parse(resource);
        Walk(document.RootElement);

        void Walk(JsonElement element)
        {
            foreach (var property in element.ValueKind == JsonValueKind.Object ? element.EnumerateObject().ToList() : [])
            {
                if (property.Name == "$ref")
                    _ = property.Value.GetString()![2..].Split('/').Aggregate(document.RootElement, (at, key) => at.GetProperty(key));
                Walk(property.Value);
            }
            foreach (var item in element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().ToList() : [])
                Walk(item);
        }
    }

    [Fact]
    public async Task Over_TCP_all_but_health_needs_a_token_and_even_what_is_not_there_is_not_told()
    {
        await using var server = await StartAsync(Held());
        foreach (var route in new Endpoints(server.Parts).Routes)
        {
            var expected = route.Path is "/healthz" or "/readyz" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized;
            Assert.Equal(expected, await AskAsync(server.Control, route.Method, route.Path));
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(server.Control, "GET", "/nothing"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(server.Webhook, "GET", "/healthz"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(server.Webhook, "GET", "/api/v1/state"));
        Assert.Empty(_commands);
    }

    [Fact]
    public async Task The_metrics_and_webhook_listeners_have_no_control_whatever_the_token()
    {
        await using var server = await StartAsync(Held());
        var token = ApiServer.Token(Tokens, TokenScope.Control);
        foreach (var route in new Endpoints(server.Parts).Routes.Where(r => r.Path.StartsWith("/api", StringComparison.Ordinal) || r.Path == "/-/reload"))
        {
            Assert.Equal(HttpStatusCode.NotFound, await AskAsync(server.Metrics, route.Method, route.Path, token));
            if (route.Path != "/api/v1/alerts")
                Assert.Equal(HttpStatusCode.NotFound, await AskAsync(server.Webhook, route.Method, route.Path, token));
        }
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(server.Webhook, "GET", "/metrics", token));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(server.Metrics, "GET", "/metrics"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await AskAsync(server.Metrics, "POST", "/metrics"));
    }

    [Fact]
    public async Task What_is_held_is_shown_and_given_back_by_name_or_all()
    {
        await using var server = await StartAsync(Held());
        var token = ApiServer.Token(Tokens, TokenScope.Control);

        using (var request = ApiServer.Request(HttpMethod.Get, server.Control, "/api/v1/holds", token))
        using (var answer = await _http.SendAsync(request, Stop))
            Assert.Equal("nightly", JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(Stop), ApiJson.Default.ActState)!.Holds[0].Workload.Name);
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(server.Control, "POST", "/api/v1/holds/release?workload=somebody-elses", token));
        Assert.Equal(HttpStatusCode.BadRequest, await AskAsync(server.Control, "POST", "/api/v1/holds/release", token));
        Assert.Equal(HttpStatusCode.BadRequest, await AskAsync(server.Control, "POST", "/api/v1/holds/release?workload=nightly&all=true", token));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await AskAsync(server.Control, "GET", "/api/v1/holds/release?all=true", token));
        Assert.Empty(_commands);

        Assert.Equal(HttpStatusCode.Accepted, await AskAsync(server.Control, "POST", "/api/v1/holds/release?workload=nightly", token));
        Assert.Equal(HttpStatusCode.Accepted, await AskAsync(server.Control, "POST", "/api/v1/holds/release?all=true", token));
        Assert.Equal(HttpStatusCode.Accepted, await AskAsync(server.Control, "POST", "/api/v1/breaker/reset", token));
        Assert.Equal([new AgentCommand.Release("nightly"), new AgentCommand.Release(null), new AgentCommand.ResetBreaker()], _commands);
    }

    [Fact]
    public async Task The_socket_needs_no_token()
    {
        await using var server = await StartAsync(Held());
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(server.Socket), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });

        foreach (var route in new Endpoints(server.Parts).Routes.Where(r => (r.By & Listener.Control) != 0 && r.Method == "GET" && r.Path != "/api/v1/events"))
        {
            using var answer = await http.GetAsync(new Uri($"http://control{route.Path}"), Stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    internal static NodeView Held() => Views.Of(Views.Node() with
    {
        Act = new ActState { Holds = [new Hold(Views.Container("nightly", 'b').Id, Lever.Pause, RuleName.BatchWindow, 0, null, null, Views.Nine)] },
    }) with { Plan = new Plan { Seq = 1, SnapshotSeq = 10, PolicyHash = "none" } };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Task<ApiServer> StartAsync(NodeView view) => ApiServer.StartAsync(TestApi.Parts(() => view, Tokens, command =>
    {
        _commands.Add(command);
        return true;
    }));

    private async Task<HttpStatusCode> AskAsync(Uri at, string method, string path, string? token = null)
    {
        using var request = ApiServer.Request(new HttpMethod(method), at, path, token);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        return answer.StatusCode;
    }
}
