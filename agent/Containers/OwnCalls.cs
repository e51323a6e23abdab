using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Containers;

/// <summary>The agent's own connections to servers, so that its looks at them are no requests, whatever they ask for. Asked from the thread that watches packets: no lock.</summary>
internal sealed class OwnCalls(TimeProvider time)
{
    // The watcher reads packets a moment later than they were sent. Nobody else gets the client's port so soon: who closes first keeps it for a minute (TIME_WAIT).
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);

    // Addresses alone are not enough: each network namespace has its 127.0.0.1.
    private readonly ConcurrentDictionary<(string InstanceId, TcpEnds Ends), MonoTime?> _calls = [];

    /// <summary>The stream of this connected socket, which it owns. Nothing may have been sent on it yet.</summary>
    public Stream Noted(string instanceId, Socket socket)
    {
        Sweep();
        var key = (instanceId, Ends((IPEndPoint)socket.RemoteEndPoint!, (IPEndPoint)socket.LocalEndPoint!));
        _calls[key] = null;
        return new NotedStream(socket, () => _calls[key] = time.Mono());
    }

    /// <param name="ends">As the server has them.</param>
    public bool Has(string instanceId, TcpEnds ends) => _calls.ContainsKey((instanceId, ends));

    private void Sweep()
    {
        var old = time.Mono() - Remembered;
        foreach (var call in _calls)
            if (call.Value < old)
                _calls.TryRemove(call);
    }

    private static TcpEnds Ends(IPEndPoint server, IPEndPoint client) => new(Number(server), (ushort)server.Port, Number(client), (ushort)client.Port);

    private static UInt128 Number(IPEndPoint point)
    {
        Span<byte> bytes = stackalloc byte[16];
        point.Address.TryWriteBytes(bytes, out var length);
        return TcpEnds.Address(bytes[..length]);
    }

    private sealed class NotedStream(Socket socket, Action ended) : NetworkStream(socket, ownsSocket: true)
    {
        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            ended();
        }
    }
}
