using Docker.DotNet;
using Docker.DotNet.Models;
using Headroom.Model;

namespace Headroom.Containers;

/// <summary>A client of one Docker daemon, with the API version that both sides know.</summary>
internal sealed class DockerConnection : IDisposable
{
    public static readonly Uri DefaultEndpoint = new("unix:///var/run/docker.sock");

    // The newest version whose answers we know. Engine 29 refuses anything below 1.44; newer daemons still speak this one.
    private static readonly System.Version Newest = new(1, 51);

    private DockerConnection(DockerClient client, DockerInfo info) => (Client, Info) = (client, info);

    public DockerClient Client { get; }
    public DockerInfo Info { get; }

    /// <summary>Asks the daemon for its versions and connects with the newest that both know.</summary>
    public static async Task<DockerConnection> OpenAsync(Uri endpoint, TimeSpan timeout, CancellationToken stop)
    {
        VersionResponse version;
        SystemInfoResponse info;
        using (var first = new DockerClientBuilder().WithEndpoint(endpoint).WithTimeout(timeout).Build())
        {
            version = await first.System.GetVersionAsync(stop);
            info = await first.System.GetSystemInfoAsync(stop);
        }
        var agreed = Agree(version.APIVersion, version.MinAPIVersion);
        // No timeout on the client: the event stream lasts. Single calls are limited by their caller.
        var client = new DockerClientBuilder().WithEndpoint(endpoint).WithApiVersion(agreed).WithTimeout(Timeout.InfiniteTimeSpan).Build();
        return new DockerConnection(client, new DockerInfo(version.Version, agreed.ToString(), info.CgroupDriver ?? "", info.CgroupVersion ?? ""));
    }

    /// <summary>The newest version that both know; the daemon's oldest when it has dropped ours.</summary>
    internal static System.Version Agree(string? daemonNewest, string? daemonOldest)
    {
        var agreed = System.Version.TryParse(daemonNewest, out var newest) && newest < Newest ? newest : Newest;
        return System.Version.TryParse(daemonOldest, out var oldest) && oldest > agreed ? oldest : agreed;
    }

    public void Dispose() => Client.Dispose();
}
