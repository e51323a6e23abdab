using System.Text.RegularExpressions;
using Headroom.IntegrationTests.Acting;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Stack;

/// <summary>What the socket proxy of deploy/ passes is enough to watch and to act, and no more than that.</summary>
[Collection(nameof(OtherPatientNode))]
public sealed class SocketProxyTests(DockerDaemon docker)
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public void With_nothing_but_what_it_passes_a_container_is_seen_paused_given_back_stopped_and_started()
    {
        _ = Compose.Program;
        using var proxy = new FaultyDocker(docker.Socket);
        proxy.Break(($"^(?!(?:{Allowed.Value})$)", FaultyDocker.Fault.Refuse404));
        using var node = new ActingNode(docker, proxy.Socket) { Sm = 0 };
        node.StartJob();
        node.Policy("pause");
        node.Start();
        node.Until(() => node.DockerState() == "paused", TimeSpan.FromSeconds(30));
        node.Policy(null);
        node.Until(() => node.DockerState() == "running", TimeSpan.FromSeconds(30));
        node.Policy("stop");
        node.Until(() => node.DockerState() == "exited", TimeSpan.FromSeconds(40));
        node.Policy(null);
        node.Until(() => node.DockerState() == "running", TimeSpan.FromSeconds(40));
        Assert.Empty(proxy.Broken);
    }

    [Theory]
    [InlineData("POST /containers/create")]
    [InlineData($"POST /containers/{Id}/exec")]
    [InlineData($"POST /containers/{Id}/update")]
    [InlineData($"POST /containers/{Id}/kill")]
    [InlineData($"POST /containers/{Id}/attach")]
    [InlineData($"POST /containers/{Id}/pause/../../create")]
    [InlineData("POST /containers/prune")]
    [InlineData("POST /containers/db/stop")]
    [InlineData("POST /build")]
    [InlineData("POST /images/create")]
    [InlineData("POST /volumes/create")]
    [InlineData($"DELETE /containers/{Id}")]
    [InlineData($"PUT /containers/{Id}/archive")]
    [InlineData($"GET /containers/{Id}/archive")]
    [InlineData($"GET /containers/{Id}/logs")]
    [InlineData($"GET /containers/{Id}/export")]
    [InlineData("GET /secrets")]
    [InlineData("GET /images/json")]
    [InlineData("HEAD /info")]
    public void What_would_make_somebody_root_or_read_data_is_not_passed(string call)
    {
        _ = Compose.Program;
        Assert.DoesNotMatch($"^(?:{Allowed.Value})$", call);
        Assert.DoesNotMatch($"^(?:{Allowed.Value})$", call.Replace(" /", " /v1.44/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET /version")]
    [InlineData("GET /v1.51/info")]
    [InlineData("GET /v1.41/events")]
    [InlineData("GET /_ping")]
    [InlineData("GET /v1.51/containers/json")]
    [InlineData($"GET /v1.51/containers/{Id}/json")]
    [InlineData($"POST /v1.51/containers/{Id}/restart")]
    public void What_the_agent_asks_is(string call)
    {
        _ = Compose.Program;
        Assert.Matches($"^(?:{Allowed.Value})$", call);
    }

    /// <summary>METHOD and path, as its command line has them; the proxy itself adds ^ and $.</summary>
    private static readonly Lazy<string> Allowed = new(() =>
    {
        var command = Compose.Config([Compose.Monitoring, Compose.SocketProxy], "DOCKER_GID=998").GetProperty("services").GetProperty("socket-proxy").GetProperty("command");
        return string.Join('|', command.EnumerateArray().Select(word => Regex.Match(word.GetString()!, "^-allow(GET|HEAD|POST|PUT|DELETE|PATCH)=(.*)$"))
            .Where(word => word.Success).Select(word => $"(?:{word.Groups[1].Value} {word.Groups[2].Value})"));
    });
}
