using System.Net;
using System.Net.Sockets;
using System.Text;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Containers;

/// <summary>HTTP to one container and nowhere else: its own addresses, then its loopback inside its network namespace
/// (a server bound to 127.0.0.1); the host's loopback for host networking.</summary>
internal sealed class ContainerHttp : IDisposable
{
    private readonly ContainerSample _container;
    private readonly HttpLimits _limits;
    private readonly TimeProvider _time;
    private readonly LimitedHttp _http;
    private readonly IReadOnlyList<IPAddress> _addresses;

    /// <param name="own">Where its connections are noted: who counts requests leaves them out. Null: they count like anyone's.</param>
    public ContainerHttp(ContainerSample container, TimeProvider time, HttpLimits? limits = null, OwnCalls? own = null)
    {
        _container = container;
        _limits = limits ?? HttpLimits.Scrape;
        _time = time;
        _addresses = container.HostNetwork ? [IPAddress.Loopback] : [.. Parsed(container.Addresses)];
        _http = new LimitedHttp(_limits, time, async (point, stop) =>
        {
            var socket = await ConnectAsync(point.Port, stop);
            return own is null ? new NetworkStream(socket, ownsSocket: true) : own.Noted(container.Id.InstanceId, socket);
        });
    }

    /// <summary>For people and for the request line.</summary>
    public string Url(int port, string path)
    {
        if (port is < 1 or > 65535)
            throw new EndpointException(EndpointFault.Settings, $"{port} is no port: it must be from 1 to 65535");
        var host = _addresses.Count > 0 ? _addresses[0] : IPAddress.Loopback;
        return $"http://{new IPEndPoint(host, port)}{path}";
    }

    /// <summary>Feeds the body of a good answer.</summary>
    /// <param name="path">Absolute, with its query if it has one.</param>
    /// <exception cref="EndpointException">Anything but a complete 2xx answer.</exception>
    public async Task GetAsync(int port, string path, string accept, Action<ReadOnlySpan<byte>> feed, CancellationToken stop)
    {
        var url = Url(port, path);
        using var request = Request(HttpMethod.Get, url, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var status = await _http.SendAsync(request, url, feed, stop);
        if ((int)status is < 200 or >= 300)
            throw new EndpointException(EndpointFault.Refused, $"{url} {Words((int)status)}");
    }

    /// <summary>Sends as given; any status is an answer.</summary>
    /// <param name="json">Body; null: none.</param>
    public async Task<HttpStatusCode> SendAsync(
        HttpMethod method, int port, string path, string? json, Action<ReadOnlySpan<byte>> feed, CancellationToken stop)
    {
        var url = Url(port, path);
        using var request = Request(method, url, path);
        // A POST cannot be sent again, so it must not meet a kept connection that the server is just closing.
        request.Headers.ConnectionClose = method != HttpMethod.Get;
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await _http.SendAsync(request, url, feed, stop);
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Request(HttpMethod method, string url, string path)
    {
        // A path without its slash would run into the authority and name another host.
        if (!path.StartsWith('/') || !Uri.TryCreate(url, UriKind.Absolute, out var uri))
            throw new EndpointException(EndpointFault.Settings, $"`{path}` is no absolute path such as /metrics");
        return new HttpRequestMessage(method, uri);
    }

    /// <summary>A connection of one's own, for who speaks more than one request at a time.</summary>
    public async ValueTask<Socket> ConnectAsync(int port, CancellationToken stop)
    {
        EndpointException? failure = null;
        foreach (var address in _addresses)
        {
            try
            {
                return await ConnectAsync(new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp), new(address, port), stop);
            }
            catch (EndpointException e)
            {
                failure ??= e;
            }
        }
        if (_container.HostNetwork || _container.Pid <= 0)
            throw failure ?? new EndpointException(EndpointFault.NoConnection, "the container has no network address and no running process");
        try
        {
            return await ConnectAsync(NetworkNamespace.CreateTcpSocket(_container.Pid, _container.Id.InstanceId), new(IPAddress.Loopback, port), stop);
        }
        catch (EndpointException e)
        {
            throw failure ?? e;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EndpointException(EndpointFault.NoConnection,
                failure is null ? $"its loopback could not be tried: {e.Message}" : $"{failure.Message}; its loopback could not be tried: {e.Message}", e);
        }
    }

    private async ValueTask<Socket> ConnectAsync(Socket socket, IPEndPoint point, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(_limits.Connect, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(point, either.Token);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new EndpointException(EndpointFault.NoConnection, Unreached(point, LimitedHttp.Words(e)), e);
        }
        catch (OperationCanceledException e)
        {
            socket.Dispose();
            if (stop.IsCancellationRequested)
                throw;
            throw new EndpointException(EndpointFault.NoConnection, Unreached(point, $"no connection within {_limits.Connect.TotalSeconds:0.###} s"), e);
        }
    }

    private static string Unreached(IPEndPoint point, string why) =>
        $"{why} at {point}: is the server up, and is `headroom.metrics.port` right?";

    private static IEnumerable<IPAddress> Parsed(IReadOnlyList<string> addresses)
    {
        foreach (var text in addresses)
            if (IPAddress.TryParse(text, out var address))
                yield return address;
    }

    private static string Words(int status) => status switch
    {
        >= 300 and < 400 => $"answers with a redirect ({status}), which is not followed: name the final path in `headroom.metrics.path`",
        401 or 403 => $"asks for credentials ({status}), and Headroom has none: let this path answer without",
        404 or 405 => $"is not there ({status}): is `headroom.metrics.path` right, and are metrics switched on in the server?",
        501 => "is switched off (501): start the server with its metrics on",
        503 => "is not ready (503)",
        _ => $"answers with status {status}: see the server's log",
    };
}
