using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headroom.Export.Api;

/// <summary>Which listener a request came in by.</summary>
internal enum Listener { Metrics, Control }

/// <summary>Opens the listeners and marks each connection with the one it came in by.</summary>
internal static class Listeners
{
    private const int MostRequestBytes = 64 * 1024;

    public static void Configure(KestrelServerOptions kestrel, IPEndPoint metrics, string controlSocket)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MostRequestBytes;
        kestrel.Limits.MaxConcurrentConnections = 4096;
        kestrel.Listen(metrics, listen => Mark(listen, Listener.Metrics));
        kestrel.ListenUnixSocket(controlSocket, listen => Mark(listen, Listener.Control));
    }

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

    private static void Mark(ListenOptions listen, Listener listener) => listen.Use(next => connection =>
    {
        connection.Features.Set(new ListenerFeature(listener));
        return next(connection);
    });

    private sealed record ListenerFeature(Listener Listener);
}
