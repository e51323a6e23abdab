using System.Net.Sockets;
using Docker.DotNet;

namespace Headroom.Containers;

/// <summary>Errors of calls to the Docker daemon.</summary>
internal static class DockerTrouble
{
    /// <summary>What a daemon does that is away, slow, restarting or broken; anything else is a bug of ours.</summary>
    public static bool Is(Exception e) =>
        e is HttpRequestException or SocketException or IOException or TimeoutException or OperationCanceledException or DockerApiException
            or System.Text.Json.JsonException;

    /// <summary>What went wrong and what to do, for people.</summary>
    public static string Words(Exception e)
    {
        var cause = e;
        while (cause.InnerException is { } inner)
            cause = inner;
        return cause switch
        {
            SocketException { SocketErrorCode: SocketError.AccessDenied } or UnauthorizedAccessException =>
                "permission denied: run as root, or as a member of the group that owns the socket",
            SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.AddressNotAvailable } or FileNotFoundException
                or DirectoryNotFoundException => "nobody answers there: is the Docker daemon running?",
            InvalidOperationException => "Docker closed the connection without an answer",
            _ => cause.Message,
        };
    }
}
