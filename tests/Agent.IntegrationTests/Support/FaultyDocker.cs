using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Headroom.IntegrationTests.Support;

/// <summary>Stands between the agent and the real Docker daemon: passes on, writes down every call that changes something, and breaks those that a test names.</summary>
internal sealed class FaultyDocker : IDisposable
{
    internal enum Fault
    {
        /// <summary>No answer at all; the call does not reach Docker.</summary>
        Hang,
        /// <summary>Docker does it, and its answer never comes.</summary>
        DoneButSilent,
        Refuse404,
        Refuse409,
        Fail500,
        /// <summary>Docker does it, and its answer breaks off in the middle.</summary>
        HalfBody,
        /// <summary>Two seconds late.</summary>
        Slow,
        /// <summary>The connection is closed at once.</summary>
        Close,
    }

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-faulty-").FullName;
    private readonly string _real;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _changes = new();
    private readonly ConcurrentQueue<string> _broken = new();
    private (Regex Call, Fault Fault)[] _faults = [];

    public FaultyDocker(string realSocket)
    {
        _real = new Uri(realSocket).LocalPath;
        _listener.Bind(new UnixDomainSocketEndPoint($"{_folder}/docker.sock"));
        _listener.Listen(100);
        _ = AcceptAsync();
    }

    public string Socket => $"unix://{_folder}/docker.sock";

    /// <summary>Calls that change something, e.g. <c>POST /containers/abc/pause</c>, without the version and query.</summary>
    public IReadOnlyList<string> Changes => [.. _changes];

    /// <summary>Calls that met a fault.</summary>
    public IReadOnlyList<string> Broken => [.. _broken];

    /// <summary>From now on; the first that matches counts.</summary>
    /// <param name="faults">Regular expressions on calls such as <c>POST /containers/.*/pause</c>.</param>
    public void Break(params (string Call, Fault Fault)[] faults) => Volatile.Write(ref _faults, [.. faults.Select(f => (new Regex(f.Call), f.Fault))]);

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // the end of the test
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            using var near = new NetworkStream(client, ownsSocket: true);
            var (head, rest) = await ReadHeadAsync(near);
            if (head is null)
                return;
            var line = head[..head.IndexOf("\r\n", StringComparison.Ordinal)].Split(' ');
            var call = $"{line[0]} {Regex.Replace(line[1].Split('?')[0], @"^/v[\d.]+", "")}";
            if (line[0] is not ("GET" or "HEAD"))
                _changes.Enqueue(call);
            var fault = Volatile.Read(ref _faults).Where(f => f.Call.IsMatch(call)).Select(f => (Fault?)f.Fault).FirstOrDefault();
            if (fault is not null)
                _broken.Enqueue(call);
            switch (fault)
            {
                case Fault.Hang:
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                    return;
                case Fault.Close:
                    return;
                case Fault.Refuse404:
                    await AnswerAsync(near, "404 Not Found");
                    return;
                case Fault.Refuse409:
                    await AnswerAsync(near, "409 Conflict");
                    return;
                case Fault.Fail500:
                    await AnswerAsync(near, "500 Internal Server Error");
                    return;
                case Fault.Slow:
                    await Task.Delay(TimeSpan.FromSeconds(2), _stop.Token);
                    break;
            }
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_real), _stop.Token);
            using var far = new NetworkStream(socket);
            // One call a connection: else the next one on it would pass unseen.
            await far.WriteAsync(Encoding.ASCII.GetBytes(head.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal)), _stop.Token);
            await far.WriteAsync(rest, _stop.Token);
            var up = near.CopyToAsync(far, _stop.Token);
            if (fault == Fault.DoneButSilent)
            {
                await far.CopyToAsync(Stream.Null, _stop.Token);
                await Task.Delay(Timeout.Infinite, _stop.Token);
            }
            else if (fault == Fault.HalfBody)
            {
                using var answer = new MemoryStream();
                await far.CopyToAsync(answer, _stop.Token);
                await near.WriteAsync(answer.ToArray().AsMemory(0, (int)answer.Length / 2), _stop.Token);
            }
            else
            {
                await far.CopyToAsync(near, _stop.Token);
            }
            GC.KeepAlive(up);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // one side is gone
        }
    }

    private static Task AnswerAsync(NetworkStream near, string status)
    {
        const string Body = "{\"message\":\"planted by the test\"}\n";
        return near.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}")).AsTask();
    }

    private async Task<(string? Head, ReadOnlyMemory<byte> Body)> ReadHeadAsync(NetworkStream near)
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await near.ReadAsync(buffer.AsMemory(length), _stop.Token);
            if (read == 0)
                return (null, default);
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (Encoding.ASCII.GetString(buffer, 0, end + 4), buffer.AsMemory(end + 4, length - end - 4));
        }
        return (null, default);
    }
}
