using System.Globalization;
using Headroom.Containers;
using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Observe.Activity;

/// <summary>One target as the slow loop has it: opens its server, asks the kernel who listens and who is connected, and says how sure the picture is.</summary>
internal sealed class TargetWatch(ActivityTarget target, IReadOnlyList<Preset> presets, FlightBoard board, OwnCalls? own, TimeProvider time)
{
    private static readonly TimeSpan OpenAgain = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AfterBug = TimeSpan.FromMinutes(1);
    // Who listens changes when a server starts, hardly ever after.
    private static readonly TimeSpan ListenAgain = TimeSpan.FromSeconds(5);
    // Each listing walks the machine's whole table of connections.
    private static readonly TimeSpan ListAgain = TimeSpan.FromSeconds(5);

    private readonly ActivityPorts _choice = ActivityPorts.Of(target, presets);
    private readonly ActivityReport _report = new();
    private readonly StalledClients _stalled = new();
    private readonly List<TcpSocket> _listening = [];
    // Of the sockets that listen now, by inode: null: the container's own.
    private Dictionary<uint, string?> _owners = [];
    private ServerWatch? _server;
    private IReadOnlyList<int> _ports = [];
    private string? _none, _low;
    private MonoTime? _tryAt, _listenAt;

    public ActivityTarget Target { get; private set; } = target;

    /// <summary>Whether this one goes on for it: the same life of the same container, on the same ports.</summary>
    public bool Takes(ActivityTarget other, IReadOnlyList<Preset> itsPresets)
    {
        var (mine, theirs) = (Target.Container, other.Container);
        if (!mine.Id.IsSameLife(theirs.Id) || mine.Pid != theirs.Pid || mine.HostNetwork != theirs.HostNetwork || Target.MetricsPath != other.MetricsPath
            || !ActivityPorts.Of(other, itsPresets).Ports.SequenceEqual(_choice.Ports))
            return false;
        Target = other;
        return true;
    }

    /// <summary>Once a second.</summary>
    /// <param name="thread">Asked for where a server is to be watched.</param>
    public WorkloadActivity Look(Func<ActivityThread> thread)
    {
        var now = time.Mono();
        if (_server is { Failed: true })
            Close("a bug while reading its packets: see the agent's log; tried again after a minute", now + AfterBug);
        else if (_server is { Ended: true })
            Close("its first process has ended", now + OpenAgain);
        if (_choice.Ports.Count == 0)
            _none = _choice.Why;
        else if (!Target.Container.Runs || Target.Container.Pid <= 0)
            _none = "it does not run";
        else if (!(now < _tryAt))
            Try(thread, now);
        return _report.Of(_server, _server?.Ports ?? _choice.Ports, _none, _low, time.Mono());
    }

    /// <summary>Takes its server off; it must not be asked again.</summary>
    public void End(ActivityThread? thread)
    {
        if (_server is not null)
            thread?.Remove(_server);
        _server = null;
    }

    private void Try(Func<ActivityThread> thread, MonoTime now)
    {
        SocketDiag? diag = null;
        try
        {
            // Without a server it is closed again below: it would keep a dead container's network namespace.
            diag = _server?.Diag ?? new SocketDiag(Target.Container.Pid, Target.Container.Id.InstanceId);
            if (!(now < _listenAt))
                Listeners(diag, now);
            if (_server is not null && !_ports.SequenceEqual(_server.Ports))
            {
                _report.Keep(_server);
                End(thread());
                diag = new SocketDiag(Target.Container.Pid, Target.Container.Id.InstanceId);
            }
            if (_server is null && _ports.Count > 0)
                thread().Add(_server = Open(diag));
            else if (_server is { Reading: false } && _report.HasConnections && (_report.IsDoubtful(now) || now - _server.ListedAt >= ListAgain))
                thread().Look(List(_server));
            if (_server is not null && _server.Ready != (_low is null))
            {
                _server.Ready = _low is null;
                thread().Look(_server);
            }
            (_none, _tryAt) = (null, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            if (_server is not null)
                thread().Remove(_server);
            Close(e is ObjectDisposedException ? "its first process has ended" : $"its packets can't be seen: {e.Message}", now + OpenAgain);
        }
        finally
        {
            if (_server is null)
                diag?.Dispose();
        }
    }

    private void Close(string why, MonoTime again)
    {
        if (_server is not null)
            _report.Keep(_server);
        (_server, _none, _tryAt, _listenAt) = (null, why, again, null);
    }

    private ServerWatch Open(SocketDiag diag)
    {
        var (pid, id) = (Target.Container.Pid, Target.Container.Id.InstanceId);
        var process = (ProcessFacts.StartTimeOf(pid) is { } started ? PidFd.Open(pid, (long)started) : null) ?? throw new IOException($"pid {pid} is gone (the agent must see the host's pids: `pid: host`)");
        PacketSocket? socket = null;
        try
        {
            socket = PacketSocket.Open(pid, id, _ports);
            // It lives: so it was the same process all the time that the socket was made in its namespace.
            if (process.HasEnded)
                throw new IOException("its first process has ended");
            var server = new ServerWatch(socket, process, diag, _ports, new QuietPaths(Target.MetricsPath), ends => own?.Has(id, ends) ?? false, board.CellOf(id), time)
            {
                Ready = _low is null,
                Addresses = IsOnHost ? LocalAddresses.Of(pid) : null,
            };
            return List(server);
        }
        catch
        {
            socket?.Dispose();
            process.Dispose();
            throw;
        }
    }

    private ServerWatch List(ServerWatch server)
    {
        server.ListedAt = time.Mono();
        server.Connected.Clear();
        server.Gone.Clear();
        server.Diag.List(_ports, listening: false, server.Connected);
        foreach (var socket in server.Connected)
            if (_stalled.IsGone(socket, server.ListedAt))
                server.Gone.Add(socket.Ends);
        _stalled.EndLook();
        server.Reading = true;
        return server;
    }

    private void Listeners(SocketDiag diag, MonoTime now)
    {
        _listening.Clear();
        diag.List(_choice.Ports, listening: true, _listening);
        var owners = new Dictionary<uint, string?>(_listening.Count);
        foreach (var socket in _listening)
            owners[socket.Inode] = _owners.TryGetValue(socket.Inode, out var known) && known is null ? null
                : ListenOwner.Stranger(Target.Container.Id.InstanceId, Target.Container.Pid, IsOnHost, socket.Inode);
        _owners = owners;
        var strange = _listening.Where(s => owners[s.Inode] is not null).ToList();
        _ports = [.. _choice.Ports.Where(port => !strange.Exists(s => s.Ends.LocalPort == port))];
        var heard = _listening.Exists(s => owners[s.Inode] is null);
        _low = heard ? null
            : strange.Count > 0 ? $"port {strange[0].Ends.LocalPort} in its network namespace belongs to {owners[strange[0].Inode]}: set `ports:` of the workload to its own"
            : $"nothing listens on {Words(_choice.Ports)} in its network namespace (yet): if it never does, set `ports:` of the workload or the label headroom.ports";
        _listenAt = heard || strange.Count > 0 ? now + ListenAgain : null;
        if (_server is not null && IsOnHost)
            _server.Addresses = LocalAddresses.Of(Target.Container.Pid);
    }

    // Also by way of another container whose network it shares.
    private bool IsOnHost => Target.Container.HostNetwork || NetworkNamespace.IsHosts(Target.Container.Pid);

    private static string Words(IReadOnlyList<int> ports) =>
        (ports.Count == 1 ? "port " : "ports ") + string.Join(", ", ports.Select(p => p.ToString(CultureInfo.InvariantCulture)));
}
