using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests;

/// <summary>Tests that share one Docker daemon, one at a time, with nothing beside them: some measure, some look at what the whole machine has.</summary>
[CollectionDefinition(nameof(Node), DisableParallelization = true)]
public sealed class Node : ICollectionFixture<DockerDaemon>;

/// <summary>Tests that wait more than they compute. They run one at a time beside those of <see cref="OtherPatientNode"/>, each of both with a Docker daemon of its own.</summary>
[CollectionDefinition(nameof(PatientNode))]
public sealed class PatientNode : ICollectionFixture<DockerDaemon>;

/// <inheritdoc cref="PatientNode"/>
[CollectionDefinition(nameof(OtherPatientNode))]
public sealed class OtherPatientNode : ICollectionFixture<DockerDaemon>;
