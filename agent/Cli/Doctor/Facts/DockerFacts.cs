using System.Globalization;
using System.Net.Sockets;
using Docker.DotNet.Models;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Cli.Doctor.Facts;

/// <param name="Info">Null when the daemon does not answer.</param>
/// <param name="Error">Why it does not, or why it lists nothing.</param>
/// <param name="Denied">It may answer others.</param>
/// <param name="ClockAhead">The daemon's clock minus ours; null when it does not tell.</param>
/// <param name="NvidiaRuntime">It has the runtime <c>nvidia</c>.</param>
/// <param name="CdiGpus">NVIDIA devices that it found in CDI specifications (Engine 28.3 and later tell).</param>
internal sealed record DockerFacts(
    Uri Endpoint, DockerInfo? Info = null, string? Error = null, bool Denied = false, TimeSpan? ClockAhead = null, bool NvidiaRuntime = false,
    int CdiGpus = 0)
{
    public IReadOnlyList<ContainerSample> Containers { get; init; } = [];
    /// <summary>Nobody asked: there is none here.</summary>
    public bool IsOff { get; init; }

    /// <summary>The containers are known: none listed means that there are none.</summary>
    public bool Lists => Info is not null && Error is null;

    public static async Task<DockerFacts> ReadAsync(DoctorOptions options, TimeProvider time, CancellationToken stop)
    {
        if (options.NoDocker)
            return new DockerFacts(options.Docker) { IsOff = true, Containers = new ProcessGroups(options.Directories.Runtime).List() };
        var facts = await AskAsync(options, time, stop);
        return facts.Info is null ? facts : await ListAsync(facts, options, time, stop);
    }

    private static async Task<DockerFacts> AskAsync(DoctorOptions options, TimeProvider time, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(options.DockerPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            using var docker = await DockerConnection.OpenAsync(options.Docker, options.DockerPatience, either.Token);
            var before = time.GetUtcNow();
            var info = await docker.Client.System.GetSystemInfoAsync(either.Token);
            var after = time.GetUtcNow();
            return new DockerFacts(
                options.Docker, docker.Info, ClockAhead: Ahead(info.SystemTime, before, after),
                NvidiaRuntime: info.Runtimes?.ContainsKey("nvidia") == true,
                CdiGpus: (info.DiscoveredDevices ?? []).Count(d => d.ID?.StartsWith("nvidia.com/gpu", StringComparison.Ordinal) == true));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return new DockerFacts(options.Docker, Error: $"no answer for {options.DockerPatience.TotalSeconds:0.#} s");
        }
        catch (Exception e) when (DockerTrouble.Is(e) && !stop.IsCancellationRequested)
        {
            var denied = e.GetBaseException() is UnauthorizedAccessException or SocketException { SocketErrorCode: SocketError.AccessDenied };
            return new DockerFacts(options.Docker, Error: DockerTrouble.Words(e), Denied: denied);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return new DockerFacts(options.Docker, Error: $"cannot be used: {e.Message}");
        }
    }

    // The answer was made somewhere between the two: what lies between them is no difference.
    private static TimeSpan? Ahead(string? daemon, DateTimeOffset before, DateTimeOffset after) =>
        !DateTimeOffset.TryParse(daemon, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var theirs) ? null
        : theirs < before ? theirs - before
        : theirs > after ? theirs - after
        : TimeSpan.Zero;

    private static async Task<DockerFacts> ListAsync(DockerFacts facts, DoctorOptions options, TimeProvider time, CancellationToken stop)
    {
        var (containers, error) = await ContainerList.ReadAsync(options.Docker, options.DockerPatience, time, stop);
        return containers is null ? facts with { Error = error } : facts with { Containers = containers };
    }
}
