using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Headroom.Tests.Support;

internal sealed record RawRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public override string ToString() => $"{Method} {Path}";
}

/// <summary>A server on a real socket that can misbehave in any way: the test writes the bytes. Records what was asked.</summary>
internal sealed class RawHttpServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<RawRequest, Stream, CancellationToken, Task> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<RawRequest> _requests = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private int _connectionCount;

    /// <param name="answer">Writes one answer; an exception closes the connection with a reset.</param>
    /// <param name="listener">Bound already, e.g. in another network namespace; null: a free port of 127.0.0.1.</param>
    public RawHttpServer(Func<RawRequest, Stream, CancellationToken, Task> answer, Socket? listener = null)
    {
        _answer = answer;
        _listener = listener ?? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (listener is null)
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port { get; }
    public IReadOnlyList<RawRequest> Requests => [.. _requests];
    /// <summary>e.g. <c>GET /metrics</c>, distinct.</summary>
    public IReadOnlySet<string> Asked => _requests.Select(request => request.ToString()).ToHashSet();
    public int Connections => Volatile.Read(ref _connectionCount);

    /// <summary>A server that answers each path with a body and everything else with 404.</summary>
    public static RawHttpServer Pages(IReadOnlyDictionary<string, string> pages) => new((request, stream, _) =>
        pages.TryGetValue(request.Path, out var body) ? ReplyAsync(stream, 200, body) : ReplyAsync(stream, 404, "not here"));

    public static async Task ReplyAsync(Stream stream, int status, string body, string headers = "") =>
        await ReplyAsync(stream, status, Encoding.UTF8.GetBytes(body), headers);

    public static async Task ReplyAsync(Stream stream, int status, byte[] body, string headers = "")
    {
        await WriteAsync(stream, $"HTTP/1.1 {status} Word\r\nContent-Length: {body.Length}\r\n{headers}\r\n");
        await stream.WriteAsync(body);
    }

    public static async Task WriteAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            Interlocked.Increment(ref _connectionCount);
            _connections.Add(Task.Run(() => ServeAsync(socket)));
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (await ReadRequestAsync(stream, _stop.Token) is { } request)
            {
                _requests.Enqueue(request);
                await _answer(request, stream, _stop.Token);
            }
        }
        catch (Exception)
        {
            // Closing with a linger of 0 sends a reset.
            socket.LingerState = new LingerOption(true, 0);
        }
    }

    private static async Task<RawRequest?> ReadRequestAsync(Stream stream, CancellationToken stop)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, stop) == 0)
                return null;
            head.Append((char)one[0]);
        }
        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines[1..].Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        var body = new byte[headers.TryGetValue("Content-Length", out var length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body, stop);
        var words = lines[0].Split(' ');
        return new RawRequest(words[0], words[1], headers, Encoding.UTF8.GetString(body));
    }
}
