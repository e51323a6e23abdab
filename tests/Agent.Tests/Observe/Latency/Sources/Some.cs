using Headroom.Model;

namespace Headroom.Tests.Observe.Latency.Sources;

internal static class Some
{
    public static readonly string Id = new('c', 64);

    /// <summary>A running container whose own address is this machine's loopback.</summary>
    public static ContainerSample Container(string image = "private/app:1") => new()
    {
        Id = new WorkloadId("app", Id, DateTimeOffset.UnixEpoch),
        ContainerName = "app",
        Image = image,
        State = ContainerState.Running,
        Addresses = ["127.0.0.1"],
    };
}
