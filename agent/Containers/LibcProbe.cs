using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Headroom.Containers;

/// <param name="Preload">LD_PRELOAD that the image gives, or where there is none here, the container; null: none.</param>
/// <param name="Looked">What was looked at, for people; null where nothing could be.</param>
internal sealed record LibcAnswer(ContainerLibc Libc, string? Preload, string? Looked);

/// <summary>Looks into images and containers for their C library, by the daemon's archive calls: nothing is run in them.</summary>
/// <remarks>Throws what <see cref="DockerTrouble"/> knows, where the daemon does not answer.</remarks>
internal sealed class LibcProbe(DockerConnection docker, TimeProvider time)
{
    /// <summary>On the container that an image is looked at through. It is never started and lives for some calls.</summary>
    public const string Label = "headroom-probe";

    private static readonly TimeSpan Call = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LeftBehind = TimeSpan.FromMinutes(1);

    private DockerClient Docker => docker.Client;

    /// <summary>A compose service: its image where it is here, else a container of it.</summary>
    /// <param name="image">Null when not known.</param>
    public async Task<LibcAnswer> OfServiceAsync(string project, string service, string? image, CancellationToken stop)
    {
        var containers = await ListAsync(stop, $"com.docker.compose.project={project}", $"com.docker.compose.service={service}");
        var found = image is null ? null : await InspectAsync(image, stop);
        // A container of an older image is not what `up` will make.
        var container = containers.FirstOrDefault(c => found is null || c.ImageID == found.ID);
        if (container is not null)
        {
            var libc = await OfContainerAsync(container.ID, stop);
            return new(libc, found is null ? await PreloadOfAsync(container.ID, stop) : Preload(found.Config?.Env), $"container {container.Names?.FirstOrDefault()?.TrimStart('/')}");
        }
        return found is null
            ? new(ContainerLibc.Unknown, null, null)
            : new(await OfImageAsync(found.ID, stop), Preload(found.Config?.Env), $"image {image}");
    }

    /// <summary>A container, running or not.</summary>
    public async Task<ContainerLibc> OfContainerAsync(string id, CancellationToken stop)
    {
        var libc = await LibcSigns.JudgeAsync(path => HasAsync(id, path, stop));
        // A container that went away meanwhile has no file at all.
        return libc != ContainerLibc.Neither || await HasAsync(id, "/", stop) ? libc : ContainerLibc.Unknown;
    }

    private async Task<ContainerLibc> OfImageAsync(string image, CancellationToken stop)
    {
        await RemoveLeftBehindAsync(stop);
        var name = $"{Label}-{Guid.NewGuid():n}";
        stop.ThrowIfCancellationRequested();
        try
        {
            // Once asked for it is waited for, also by one who is interrupted: else it might come and stay.
            using (var limit = new CancellationTokenSource(Call, time))
                await Docker.Containers.CreateContainerAsync(new CreateContainerParameters
                {
                    Name = name, Image = image, Entrypoint = ["headroom-never-started"], Cmd = [], NetworkDisabled = true,
                    Labels = new Dictionary<string, string> { [Label] = "libc", ["headroom.exempt"] = "true" },
                    HostConfig = new HostConfig { NetworkMode = "none" },
                }, limit.Token);
            return await OfContainerAsync(name, stop);
        }
        finally
        {
            await RemoveAsync(name);
        }
    }

    // By name, and with the volumes that the image asks for: right also when the answer to the creation was lost.
    private async Task RemoveAsync(string container)
    {
        try
        {
            using var limit = new CancellationTokenSource(Call, time);
            await Docker.Containers.RemoveContainerAsync(container, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, limit.Token);
        }
        catch (Exception e) when (e is DockerContainerNotFoundException || DockerTrouble.Is(e))
        {
            // gone already, or the next look removes it
        }
    }

    // Of one that was killed at its work. Another that works now is younger.
    private async Task RemoveLeftBehindAsync(CancellationToken stop)
    {
        foreach (var left in await ListAsync(stop, Label))
            if (left.State == "created" && time.GetUtcNow() - left.Created > LeftBehind)
                await RemoveAsync(left.ID);
    }

    private async Task<IList<ContainerListResponse>> ListAsync(CancellationToken stop, params string[] labels) => await Limited(token => Docker.Containers.ListContainersAsync(
        new ContainersListParameters
        {
            All = true,
            Filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = labels.ToDictionary(label => label, _ => true) },
        }, token), stop);

    private async Task<ImageInspectResponse?> InspectAsync(string image, CancellationToken stop)
    {
        try
        {
            return await Limited(token => Docker.Images.InspectImageAsync(image, token), stop);
        }
        // 400: no name that an image could have; compose will tell.
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest)
        {
            return null;
        }
    }

    private async Task<string?> PreloadOfAsync(string container, CancellationToken stop) =>
        Preload((await Limited(token => Docker.Containers.InspectContainerAsync(container, token), stop)).Config?.Env);

    private static string? Preload(IEnumerable<string>? environment) =>
        environment?.LastOrDefault(entry => entry.StartsWith("LD_PRELOAD=", StringComparison.Ordinal))?["LD_PRELOAD=".Length..];

    private async Task<bool> HasAsync(string container, string path, CancellationToken stop)
    {
        try
        {
            await Limited(token => Docker.Containers.GetArchiveFromContainerAsync(container, new ContainerPathStatParameters { Path = path }, statOnly: true, token), stop);
            return true;
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private async Task<T> Limited<T>(Func<CancellationToken, Task<T>> call, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(Call, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        return await call(either.Token);
    }
}
