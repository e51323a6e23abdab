using Headroom.Cli.Profiles;
using Headroom.Model;
using Headroom.Profiling;

namespace Headroom.Tests.Cli.Profiles;

public sealed class ServerFinderTests
{
    private static readonly ContainerSample[] Containers =
    [
        Container("recommender", "recommender", [8501]), Container("vllm-1", "vllm", [8000, 9000]), Container("vllm-2", "vllm", [8000]),
        Container("stopped", null, [80]) with { State = ContainerState.Exited }, Container("plain", null, []),
        Container("published", null, [8000]) with { PublishedPorts = [new PublishedPort(8000, 18000, "0.0.0.0")] },
    ];

    [Fact]
    public async Task A_container_is_found_by_name_and_by_service()
    {
        Assert.Equal(("recommender", "recommender", "http://172.30.0.5:8501/"), Seen(await FindAsync("recommender")));
        Assert.Equal(("vllm-2", "vllm", "http://172.30.0.5:8000/"), Seen(await FindAsync("vllm-2")));
    }

    [Fact]
    public async Task An_address_of_this_host_is_the_container_that_publishes_it()
    {
        Assert.Equal("published", (await FindAsync("http://127.0.0.1:18000/v1")).Target.Name);
        Assert.Equal("recommender", (await FindAsync("http://172.30.0.5:8501")).Target.Name);
        Assert.Equal("127.0.0.1-1", (await FindAsync("http://127.0.0.1:1")).Target.Name);
    }

    [Theory]
    [InlineData("nobody", "there is no container nobody; running: plain, published, recommender, vllm-1, vllm-2")]
    [InlineData("vllm", "vllm is the service of 2 containers: name one of vllm-1, vllm-2")]
    [InlineData("stopped", "container stopped does not run (it is exited)")]
    [InlineData("plain", "container plain exposes no port: say with --port")]
    [InlineData("vllm-1", "container vllm-1 exposes the ports 8000, 9000: say with --port")]
    [InlineData("ftp://127.0.0.1", "\"ftp://127.0.0.1\" is no address such as")]
    [InlineData("http://user:secret@127.0.0.1", "\"http://user:secret@127.0.0.1\" is no address such as")]
    [InlineData("http://192.0.2.7:8000", "192.0.2.7:8000 is not on this host: a profile loads a server with more than it can take. If it is yours and nobody needs it now: --allow-remote")]
    public async Task What_cannot_be_measured_says_what_to_do(string named, string words) =>
        Assert.StartsWith(words, (await Assert.ThrowsAsync<ProfileException>(() => FindAsync(named))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Another_host_is_loaded_only_when_the_user_says_so() =>
        Assert.Equal("192.0.2.7-8000", (await FindAsync("http://192.0.2.7:8000", allowRemote: true)).Target.Name);

    [Fact]
    public async Task Without_Docker_a_container_cannot_be_named() =>
        Assert.Contains("no socket", (await Assert.ThrowsAsync<ProfileException>(() => new ServerFinder(null, "no socket", TimeProvider.System)
            .FindAsync("recommender", null, false, CancellationToken.None))).Message, StringComparison.Ordinal);

    private static Task<ProfileServer> FindAsync(string named, bool allowRemote = false) =>
        new ServerFinder(Containers, null, TimeProvider.System).FindAsync(named, null, allowRemote, TestContext.Current.CancellationToken);

    private static (string, string?, string) Seen(ProfileServer server) => (server.Target.Name, server.Target.ComposeService, server.Target.Url);

    private static ContainerSample Container(string name, string? service, int[] ports) => new()
    {
        Id = new WorkloadId(name, name.PadRight(64, '0'), DateTimeOffset.UnixEpoch), ContainerName = name, Image = "server:1", State = ContainerState.Running,
        ComposeService = service, Addresses = name == "published" ? [] : ["172.30.0.5"], ExposedPorts = ports,
    };
}
