using System.Net;
using System.Net.Sockets;
using Headroom.Export.Api.Web;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headroom.Export.Api;

/// <summary>Which listener a request came in by.</summary>
[Flags]
internal enum Listener
{
    /// <summary>Open to Prometheus: readings only.</summary>
    Metrics = 1,
    /// <summary>control.sock: the local user, who needs no token.</summary>
    Control = 2,
    /// <summary>The same by TCP: always with a token.</summary>
    ControlTcp = 4,
    /// <summary>Alerts only, always with a token.</summary>
    Webhook = 8,
}

/// <param name="Control">Null: off.</param>
/// <param name="Webhook">Null: off.</param>
/// <param name="Tls">Of all TCP listeners; null: plain.</param>
internal sealed record ListenerPlaces(IPEndPoint Metrics, string ControlSocket, IPEndPoint? Control, IPEndPoint? Webhook, ServerTls? Tls = null, bool Http2 = true);

/// <summary>Opens the listeners and marks each connection with the one it came in by.</summary>
internal static class Listeners
{
    private const int MostRequestBytes = 64 * 1024;

    public static void Configure(KestrelServerOptions kestrel, ListenerPlaces places)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MostRequestBytes;
        // Of each listener: a flood at one leaves the others alone.
        kestrel.Limits.MaxConcurrentConnections = 4096;
        kestrel.ListenUnixSocket(places.ControlSocket, listen => Mark(listen, Listener.Control));
        Tcp(kestrel, places, places.Metrics, Listener.Metrics);
        if (places.Control is { } control)
            Tcp(kestrel, places, control, Listener.ControlTcp);
        if (places.Webhook is { } webhook)
            Tcp(kestrel, places, webhook, Listener.Webhook);
    }

    /// <summary>The least of them where nothing marked the connection.</summary>
    public static Listener Of(HttpContext http) => http.Features.Get<ListenerFeature>()?.Listener ?? Listener.Metrics;

    /// <summary>Makes the socket's folder, private to the user, and takes a dead agent's socket away. False when a live one answers there.</summary>
    public static bool TryPrepareSocket(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (!File.Exists(path))
            return true;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException)
        {
            File.Delete(path);
            return true;
        }
    }

    public static void Protect(string path) => File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);

    private static void Tcp(KestrelServerOptions kestrel, ListenerPlaces places, IPEndPoint at, Listener listener) => kestrel.Listen(at, listen =>
    {
        Mark(listen, listener);
        listen.Protocols = places is { Tls: not null, Http2: true } ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        places.Tls?.Use(listen);
    });

    private static void Mark(ListenOptions listen, Listener listener) => listen.Use(next => connection =>
    {
        connection.Features.Set(new ListenerFeature(listener));
        return next(connection);
    });

    private sealed record ListenerFeature(Listener Listener);
}
