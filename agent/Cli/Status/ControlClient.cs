using System.Net.Sockets;

namespace Headroom.Cli.Status;

internal enum ControlFault
{
    None,
    /// <summary>No socket there, or one that a dead agent left.</summary>
    NobodyAnswers,
    /// <summary>The socket belongs to another user.</summary>
    Denied,
    /// <summary>An agent answers, but not with a state: it has just started, or is sick.</summary>
    NoState,
}

/// <param name="Socket">Who was asked.</param>
/// <param name="Text">The answer as it came; null with a fault.</param>
/// <param name="Error">Why not, in words; null without a fault.</param>
internal sealed record ControlAnswer(string Socket, ControlFault Fault, string? Text, string? Error);

/// <summary>Asks an agent over its control socket.</summary>
internal static class ControlClient
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    private const int MostBytes = 64 << 20;

    public static async Task<ControlAnswer> ReadStateAsync(string socket, TimeProvider time, CancellationToken stop)
    {
        var answer = await AskAsync(socket, HttpMethod.Get, "/api/v1/state", time, stop);
        return answer.Text?.StartsWith('{') == false
            ? new ControlAnswer(socket, ControlFault.NoState, null, FirstLine(answer.Text))
            : answer;
    }

    /// <summary>One request. An answer that is no success is a fault too, with its status and first line.</summary>
    public static async Task<ControlAnswer> AskAsync(string socket, HttpMethod method, string path, TimeProvider time, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, token) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), token);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            },
        };
        using var http = new HttpClient(handler) { MaxResponseContentBufferSize = MostBytes };
        try
        {
            using var request = new HttpRequestMessage(method, $"http://control{path}");
            using var answer = await http.SendAsync(request, either.Token);
            var body = await answer.Content.ReadAsStringAsync(either.Token);
            return answer.IsSuccessStatusCode
                ? new ControlAnswer(socket, ControlFault.None, body, null)
                : new ControlAnswer(socket, ControlFault.NoState, null, $"{(int)answer.StatusCode} {FirstLine(body)}");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return new ControlAnswer(socket, ControlFault.NoState, null, $"no answer for {Deadline.TotalSeconds:0} s");
        }
        catch (HttpRequestException e) when (e.GetBaseException() is SocketException cause)
        {
            var fault = cause.SocketErrorCode == SocketError.AccessDenied ? ControlFault.Denied : ControlFault.NobodyAnswers;
            return new ControlAnswer(socket, fault, null, cause.Message);
        }
        catch (HttpRequestException e) when (e.GetBaseException() is ArgumentException)
        {
            // A path longer than a socket address holds (about 108 bytes) cannot be an agent's.
            return new ControlAnswer(socket, ControlFault.NobodyAnswers, null, "the path is too long for a socket");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new ControlAnswer(socket, ControlFault.NoState, null, e.GetBaseException().Message);
        }
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
