using System.Net;
using System.Net.Sockets;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Support;

/// <summary>Stands between real clients and a real server on loopback and shows all bytes, in order, to a framing of each connection before they go on: as the
/// watcher sees them.</summary>
internal sealed class FramedRelay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _serverPort;
    private readonly Func<IFraming> _framing;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<IFraming> _framings = [];
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;

    /// <param name="framing">Begun already; one for each connection.</param>
    public FramedRelay(int serverPort, Func<IFraming> framing)
    {
        (_serverPort, _framing) = (serverPort, framing);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port { get; }
    public Uri Address => new($"http://127.0.0.1:{Port}");
    public int InFlight => Look(framings => framings.Sum(framing => framing.InFlight));
    public long Requests => Look(framings => framings.Sum(framing => framing.Requests));
    public int Connections => Look(framings => framings.Count);
    public IReadOnlyList<FramingState> States => Look(framings => framings.ConvertAll(framing => framing.State));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private T Look<T>(Func<List<IFraming>, T> look)
    {
        lock (_lock)
            return look(_framings);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                _connections.Add(Task.Run(() => RelayAsync(client)));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var from = client;
        using var to = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        var framing = _framing();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            await to.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _serverPort), either.Token);
            lock (_lock)
                _framings.Add(framing);
            await Task.WhenAll(PumpAsync(framing, true, client, to, either), PumpAsync(framing, false, to, client, either));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // A reset, or the test is over: the connection is gone.
        }
        lock (_lock)
            _framings.Remove(framing);
    }

    private async Task PumpAsync(IFraming framing, bool toServer, Socket from, Socket to, CancellationTokenSource either)
    {
        var buffer = new byte[16 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer, either.Token) is > 0 and var read)
            {
                lock (_lock)
                    framing.Read(toServer, buffer.AsSpan(0, read));
                for (var sent = 0; sent < read;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), either.Token);
            }
            lock (_lock)
                framing.End(toServer);
            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            await either.CancelAsync();
            throw;
        }
    }
}
