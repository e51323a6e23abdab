using Headroom.Containers;

namespace Headroom.Act;

/// <summary>Looks at one container at the moment of acting.</summary>
internal interface IContainerLook
{
    /// <summary>Null when there is no such container.</summary>
    /// <exception cref="DockerAwayException">The daemon does not answer.</exception>
    Task<ContainerNow?> InspectAsync(string id, CancellationToken stop);
}

/// <summary>Process groups by their own books, all else by Docker.</summary>
/// <param name="docker">Null: there is no Docker here.</param>
internal sealed class ContainerLook(IContainerLook? docker, ProcessGroups groups) : IContainerLook
{
    public Task<ContainerNow?> InspectAsync(string id, CancellationToken stop) =>
        groups.Find(id) is { } group ? Task.FromResult<ContainerNow?>(new ContainerNow(group, TimeSpan.Zero, AutoRemove: true))
        : docker?.InspectAsync(id, stop) ?? Task.FromResult<ContainerNow?>(null);
}
