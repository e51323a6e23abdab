using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Stack;

/// <summary>Tests of what is started by compose: a daemon of their own, with stand-in images.</summary>
[CollectionDefinition(nameof(StackNode))]
public sealed class StackNode : ICollectionFixture<StackDaemon>;

public sealed class StackDaemon : IDisposable
{
    public StackDaemon()
    {
        // docker-proxy: published ports, since the daemon of the tests leaves the firewall alone.
        Requirements.Need("dockerd", "docker-proxy", "prometheus", "prometheus-alertmanager");
        _ = Compose.Program;
        Docker = new DockerDaemon();
        StandIns.Import(Docker);
    }

    public DockerDaemon Docker { get; }

    public void Dispose() => Docker.Dispose();
}
