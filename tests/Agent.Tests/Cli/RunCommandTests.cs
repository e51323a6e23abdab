using Docker.DotNet;
using Headroom.Cli;

namespace Headroom.Tests.Cli;

public sealed class RunCommandTests
{
    [Theory]
    [InlineData("unix:///var/run/docker.sock")]
    [InlineData("tcp://127.0.0.1:2375")]
    [InlineData("http://127.0.0.1:2375")]
    public void A_Docker_address_that_is_taken_is_one_that_the_client_speaks(string text)
    {
        Assert.True(SharedSettings.TryDocker(text, out var uri));
        using var client = new DockerClientBuilder().WithEndpoint(uri!).Build();
    }

    [Theory]
    [InlineData("/var/run/docker.sock")]
    [InlineData("localhost:2375")]
    [InlineData("foo://bar")]
    [InlineData("docker.sock")]
    public void Any_other_Docker_address_is_refused_at_once(string text) => Assert.False(SharedSettings.TryDocker(text, out _));
}
