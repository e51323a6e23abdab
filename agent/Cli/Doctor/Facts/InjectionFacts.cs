using Headroom.Cli.Inject;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Cli.Doctor.Facts;

/// <summary>The containers that carry the preload library.</summary>
/// <param name="Libc">By container id; what is missing could not be looked at.</param>
internal sealed record InjectionFacts(string StateDirectory, IReadOnlyList<Carrier> Carriers, IReadOnlyDictionary<string, ContainerLibc> Libc)
{
    /// <summary>Makes nothing, not even the container that an image is looked at through.</summary>
    public static async Task<InjectionFacts> ReadAsync(DoctorOptions options, IReadOnlyList<ContainerSample> containers, TimeProvider time, CancellationToken stop)
    {
        var carriers = Inject.Carriers.Of(containers);
        var libc = new Dictionary<string, ContainerLibc>();
        if (carriers.Count == 0)
            return new(options.Directories.State, carriers, libc);
        using var deadline = new CancellationTokenSource(options.DockerPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            using var docker = await DockerConnection.OpenAsync(options.Docker, options.DockerPatience, either.Token);
            var probe = new LibcProbe(docker, time);
            foreach (var carrier in carriers)
                libc[carrier.Container.Id.InstanceId] = await probe.OfContainerAsync(carrier.Container.Id.InstanceId, either.Token);
        }
        catch (Exception e) when (DockerTrouble.Is(e) && !stop.IsCancellationRequested)
        {
            // the rest stays unknown; the check of Docker itself tells of a daemon that does not answer
        }
        return new(options.Directories.State, carriers, libc);
    }
}
