using Headroom.Cli.Doctor.Facts;
using Headroom.Model;
using Headroom.Observe.Workloads;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Cli;

/// <summary>Docker's containers, listed once, with the names that the agent gives them.</summary>
internal static class ContainerList
{
    /// <returns>The containers, or null and why there are none.</returns>
    public static async Task<(IReadOnlyList<ContainerSample>? Containers, string? Error)> ReadAsync(Uri docker, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        var source = new DockerWorkloadSource(new DockerSourceOptions { Endpoint = docker }, time, NullLogger<DockerWorkloadSource>.Instance);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = source.RunAsync(ending.Token);
        var came = await Patience.WaitAsync(() => source.Latest.Attempts > 0, patience, time, stop);
        var latest = source.Latest;
        await Patience.EndAsync(running, ending, time);
        return latest.Sample is { } sweep ? (sweep.Containers, null) : (null, came ? latest.Error : $"no list of containers for {patience.TotalSeconds:0.#} s");
    }
}
