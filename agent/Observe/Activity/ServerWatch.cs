using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Observe.Activity;

/// <summary>One life of one server as the watcher's thread has it: its socket, its connections, its cell. Everything that is not said to be anyone's is that thread's.</summary>
internal sealed class ServerWatch : IDisposable
{
    private readonly PacketSocket _socket;
    private readonly PidFd _process;
    private readonly FlightCell _cell;
    private readonly TimeProvider _time;
    private readonly ushort[] _ports;
    private readonly FlowTable _flows;
    private readonly HashSet<FlowKey> _gone = [];
    private FlowKey[] _alive = new FlowKey[64];
    private HashSet<UInt128>? _addresses;
    private long _missed;
    private TimeSpan _busy;
    private FlightState _state;
    private MonoTime _turned;
    private bool _ready, _ended, _failed, _reading;

    /// <param name="socket">Of its network namespace; this owns it, <paramref name="diag"/> and <paramref name="process"/>, its first process.</param>
    /// <param name="isOwn">Whether a connection is the agent's own, as the server has it.</param>
    public ServerWatch(PacketSocket socket, PidFd process, SocketDiag diag, IReadOnlyList<int> ports, QuietPaths quiet, Func<TcpEnds, bool> isOwn, FlightCell cell, TimeProvider time)
    {
        (_socket, _process, _cell, _time) = (socket, process, cell, time);
        (Ports, Diag) = (ports, diag);
        _ports = [.. ports.Select(p => (ushort)p)];
        _flows = new FlowTable(quiet, key => isOwn(new TcpEnds(key.Server, key.ServerPort, key.Client, key.ClientPort)), () => new Http2Framing(quiet));
        _turned = time.Mono();
    }

    public PacketSocket Socket => _socket;
    public PidFd Process => _process;
    public IReadOnlyList<int> Ports { get; }
    /// <summary>The slow loop's.</summary>
    public SocketDiag Diag { get; }
    public FiguresCell Figures { get; } = new();

    /// <summary>Anyone's: somebody listens there, so that silence means idle. Before it is unknown.</summary>
    public bool Ready { get => Volatile.Read(ref _ready); set => Volatile.Write(ref _ready, value); }

    /// <summary>Anyone's: its first process has ended, or it was taken off; it sees nothing more.</summary>
    public bool Ended => Volatile.Read(ref _ended);

    /// <summary>Anyone's: reading its packets met a bug.</summary>
    public bool Failed => Volatile.Read(ref _failed);

    /// <summary>Anyone's: the addresses of the namespace where it is not the container's own; what is for others only passes through. Null: all is for it.</summary>
    public HashSet<UInt128>? Addresses { get => Volatile.Read(ref _addresses); set => Volatile.Write(ref _addresses, value); }

    /// <summary>The connections that its kernel lists: the slow loop's while <see cref="Reading"/> is false, then the thread's until it sets it back.</summary>
    public List<TcpSocket> Connected { get; } = [];
    /// <summary>Those of them for which nothing is done any more; as <see cref="Connected"/>.</summary>
    public List<TcpEnds> Gone { get; } = [];
    /// <summary>When that list was asked for.</summary>
    public MonoTime ListedAt { get; set; }
    public bool Reading { get => Volatile.Read(ref _reading); set => Volatile.Write(ref _reading, value); }

    /// <summary>Where its thread keeps it.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>The next packets of its socket. False: none were waiting.</summary>
    public bool Read(PacketBatch batch)
    {
        var count = batch.Read(_socket);
        if (count == 0)
            return false;
        var now = _time.Mono();
        for (var i = 0; i < count; i++)
        {
            var at = now - batch.Age(i);
            if (!PacketReader.TryRead(batch.Bytes(i), batch.Length(i), batch.IsOutgoing(i), _ports, at, out var segment))
                continue;
            if (Addresses is { } addresses && !addresses.Contains(segment.Key.Server) && !LocalAddresses.IsLoopback(segment.Key.Server))
                continue;
            if (_gone.Count > 0 && IsGone(segment))
                continue;
            _flows.See(segment);
            Turn(at);
        }
        return true;
    }

    /// <summary>Compares with what the kernel lists: connections that were there before, and those that went without a word.</summary>
    public void Reconcile()
    {
        _gone.Clear();
        foreach (var ends in Gone)
        {
            _gone.Add(Key(ends));
            _flows.Drop(Key(ends));
        }
        if (_alive.Length < Connected.Count)
            _alive = new FlowKey[Connected.Count * 2];
        var count = 0;
        foreach (var socket in Connected)
            if (Key(socket.Ends) is var key && !_gone.Contains(key))
                _alive[count++] = key;
        _flows.Reconcile(_alive.AsSpan(0, count), ListedAt);
        Reading = false;
    }

    private static FlowKey Key(in TcpEnds ends) => new(ends.Remote, ends.RemotePort, ends.Local, ends.LocalPort);

    // What the kernel sends again to nobody is no news; a client that is back, or another one on its port, is.
    private bool IsGone(in Segment segment) => _gone.Contains(segment.Key) && !(segment.ToServer && _gone.Remove(segment.Key));

    /// <summary>A few times a second while it has connections.</summary>
    public void Tick()
    {
        var now = _time.Mono();
        var missed = _socket.Missed();
        if (missed > _missed)
        {
            Volatile.Write(ref _missed, missed);
            _flows.Missed(now);
        }
        _flows.Tick(now);
        Turn(now);
    }

    public bool HasConnections => _flows.Connections > 0;

    /// <summary>After each read, and whenever it was looked at. True: its cell has turned.</summary>
    public bool Publish()
    {
        Turn(_time.Mono());
        Figures.Write(new ServerFigures(_state, _turned, _busy, _flows.InFlight, _flows.Connections, _flows.Unreadable, _flows.State == FlightState.Unknown, _flows.Requests));
        var flight = new Flight(_state, _turned);
        if (_cell.Now == flight)
            return false;
        _cell.Write(_state, _turned);
        return true;
    }

    public void Fail() => Volatile.Write(ref _failed, true);

    public void Dispose()
    {
        if (_ended)
            return;
        Volatile.Write(ref _ended, true);
        Turn(_time.Mono());
        _cell.Write(FlightState.Unknown, _turned);
        _socket.Dispose();
        _process.Dispose();
        Diag.Dispose();
    }

    /// <summary>Anyone's: packets that the kernel could not queue, since it is open.</summary>
    public long Missed => Volatile.Read(ref _missed);

    private void Turn(MonoTime at)
    {
        var state = _ended || _failed || !Ready ? FlightState.Unknown : _flows.State;
        if (state == _state)
            return;
        // Stamps of two network cards may cross by a little.
        if (at < _turned)
            at = _turned;
        if (_state == FlightState.InFlight)
            _busy += at - _turned;
        else if (_state == FlightState.Idle && state == FlightState.InFlight)
            Figures.AddGap(at, at - _turned);
        (_state, _turned) = (state, at);
    }
}
