using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Workloads;
using Headroom.Profiling;

namespace Headroom.Cli.Profiles;

/// <summary>What the user named, a container or an address -> the server to measure.</summary>
/// <param name="containers">Null: Docker does not answer.</param>
/// <param name="dockerError">Why not.</param>
internal sealed class ServerFinder(IReadOnlyList<ContainerSample>? containers, string? dockerError, TimeProvider time)
{
    /// <param name="port">Of the container; null: the one it exposes.</param>
    /// <param name="allowRemote">Other hosts may be loaded too.</param>
    /// <exception cref="ProfileException">No such server, or one that may not be loaded; says what to do.</exception>
    public async Task<ProfileServer> FindAsync(string named, int? port, bool allowRemote, CancellationToken stop)
    {
        if (!named.Contains("://", StringComparison.Ordinal))
            return Container(named, port);
        if (!Uri.TryCreate(named, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
            throw new ProfileException($"\"{named}\" is no address such as http://127.0.0.1:8000: http or https, without user and password");
        return await AddressAsync(address, allowRemote, stop);
    }

    private ProfileServer Container(string named, int? port)
    {
        if (containers is null)
            throw new ProfileException($"container {named} cannot be looked up: {dockerError} Name the server by its address instead, such as http://127.0.0.1:8000, or the daemon with --docker");
        var found = containers.Where(c => c.Name == named || c.ContainerName == named).ToList();
        if (found.Count == 0)
            found = [.. containers.Where(c => c.ComposeService == named || (named.Length >= 4 && c.Id.InstanceId.StartsWith(named, StringComparison.Ordinal)))];
        if (found.Count != 1)
            throw new ProfileException(found.Count == 0
                ? $"there is no container {named}; running: {Names(containers.Where(c => c.Runs))}"
                : $"{named} is the service of {found.Count} containers: name one of {Names(found)}");
        var container = found[0];
        if (container.State != ContainerState.Running)
            throw new ProfileException($"container {named} does not run (it is {container.State.Word()})");
        if (port is null && container.ExposedPorts.Count != 1)
            throw new ProfileException(container.ExposedPorts.Count == 0
                ? $"container {named} exposes no port: say with --port where it takes requests"
                : $"container {named} exposes the ports {string.Join(", ", container.ExposedPorts)}: say with --port where it takes requests");
        var at = port ?? container.ExposedPorts[0];
        var http = new ContainerHttp(container, time);
        // Its own address, or its loopback entered through its network namespace.
        return Of(container, new Uri(http.Url(at, "/")), http);
    }

    private async Task<ProfileServer> AddressAsync(Uri address, bool allowRemote, CancellationToken stop)
    {
        IPAddress[] places;
        try
        {
            places = await Dns.GetHostAddressesAsync(address.IdnHost, stop);
        }
        catch (SocketException e)
        {
            throw new ProfileException($"{address.Host} cannot be resolved: {e.Message}");
        }
        var owner = (containers ?? []).Where(c => c.Runs).FirstOrDefault(c => places.Any(place => c.Addresses.Contains(place.ToString())));
        var isLocal = Array.TrueForAll(places, IsOwn);
        if (owner is null && isLocal)
            owner = (containers ?? []).FirstOrDefault(c => c.Runs && c.PublishedPorts.Any(p => p.HostPort == address.Port));
        if (owner is not null)
            return Of(owner, address, null);
        if (!isLocal)
        {
            if (!allowRemote)
                throw new ProfileException($"{address.Authority} is not on this host: a profile loads a server with more than it can take. If it is yours and nobody needs it now: --allow-remote (its GPU memory cannot be seen from here)");
            return new ProfileServer(new ProfileTarget(Name(address), address.ToString()), address, null, _ => false);
        }
        var listener = Listener.On(address.Port);
        var itsContainer = listener is { } pid ? new ProcessOwners().Find(pid)?.ContainerId : null;
        if ((containers ?? []).FirstOrDefault(c => c.Id.InstanceId == itsContainer) is { } host)
            return Of(host, address, null);
        return new ProfileServer(
            new ProfileTarget(Name(address), address.ToString()), address, null,
            process => itsContainer is not null ? process.ContainerId == itsContainer : listener is { } root && Listener.IsOf(process.Pid, root));
    }

    private static ProfileServer Of(ContainerSample container, Uri address, ContainerHttp? http) => new(
        new ProfileTarget(container.Name, address.ToString(), container.ContainerName, container.ComposeService, container.Image),
        address, http, process => process.ContainerId == container.Id.InstanceId);

    private static bool IsOwn(IPAddress address) => IPAddress.IsLoopback(address)
        || NetworkInterface.GetAllNetworkInterfaces().Any(i => i.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));

    private static string Name(Uri address) => $"{address.Host}-{address.Port}";

    private static string Names(IEnumerable<ContainerSample> some) =>
        some.Select(c => c.Name).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } names ? string.Join(", ", names) : "none";
}
