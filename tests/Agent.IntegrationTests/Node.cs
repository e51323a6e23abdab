using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests;

/// <summary>Tests that share one Docker daemon, one at a time: some of them stop it.</summary>
[CollectionDefinition(nameof(Node), DisableParallelization = true)]
public sealed class Node : ICollectionFixture<DockerDaemon>;
