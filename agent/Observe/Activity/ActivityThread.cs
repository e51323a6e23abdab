using System.Collections.Concurrent;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Observe.Activity;

/// <summary>The one thread that reads the packets of all watched servers and turns their cells. It waits until a packet comes, a server's first process ends, or it is rung.</summary>
internal sealed partial class ActivityThread : IDisposable
{
    private const int Nice = -10;
    // Packets of one server before the others get their turn: 16 a read.
    private const int ReadsInARow = 8;
    private static readonly TimeSpan TickAfter = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(5);

    private readonly FlightBoard _board;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly EventPoll _poll = new();
    private readonly ConcurrentQueue<(ServerWatch Server, Order Order)> _orders = [];
    private readonly List<ServerWatch?> _slots = [];
    private readonly Thread _thread;
    private MonoTime _ticked;
    private bool _ending;

    private enum Order { Add, Remove, Look }

    public ActivityThread(FlightBoard board, TimeProvider time, ILogger log)
    {
        (_board, _time, _log) = (board, time, log);
        _thread = new Thread(Run) { IsBackground = true, Name = "activity" };
        _thread.Start();
    }

    /// <summary>It watches this server from now on, and owns it.</summary>
    public void Add(ServerWatch server) => Give(server, Order.Add);

    public void Remove(ServerWatch server) => Give(server, Order.Remove);

    /// <summary>Something was set that is anyone's, or its list of connections is filled.</summary>
    public void Look(ServerWatch server) => Give(server, Order.Look);

    /// <summary>Every socket is closed before this returns.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _ending, true);
        _poll.Ring();
        if (_thread.Join(EndWithin))
            _poll.Dispose();
        else
            LogStuck(_log);
    }

    private void Give(ServerWatch server, Order order)
    {
        _orders.Enqueue((server, order));
        _poll.Ring();
    }

    private void Run()
    {
        using var batch = new PacketBatch();
        if (!ThreadRank.Raise(Nice))
            LogRank(_log);
        while (!Volatile.Read(ref _ending))
        {
            var count = _poll.Wait(Patience());
            var turned = TickAll();
            for (var i = 0; i < count; i++)
            {
                var mark = _poll.Seen(i);
                if (mark == EventPoll.Rung)
                    continue;
                // Even: packets; odd: its first process has ended.
                if (_slots[mark >> 1] is not { } server)
                    continue;
                if ((mark & 1) == 0)
                    turned |= Read(server, batch);
                else
                    turned |= Drop(server);
            }
            // After the descriptors: a slot that is filled now is not one that was just told of.
            while (_orders.TryDequeue(out var order))
                turned |= Obey(order.Server, order.Order);
            if (turned)
                _board.Turned();
        }
        while (_orders.TryDequeue(out var order))
            if (order.Order == Order.Add)
                order.Server.Dispose();
        foreach (var server in _slots)
            server?.Dispose();
        _board.Turned();
    }

    private bool Read(ServerWatch server, PacketBatch batch)
    {
        try
        {
            var turned = false;
            for (var i = 0; i < ReadsInARow && server.Read(batch); i++)
                turned |= server.Publish();
            return turned;
        }
        catch (Exception e)
        {
            return Fail(server, e);
        }
    }

    // Nothing to wait for where nobody is connected.
    private int Patience()
    {
        if (!HasConnections())
            return -1;
        var left = _ticked + TickAfter - _time.Mono();
        return Math.Max(0, (int)Math.Ceiling(left.TotalMilliseconds));
    }

    private bool HasConnections()
    {
        foreach (var server in _slots)
            if (server is { HasConnections: true })
                return true;
        return false;
    }

    private bool TickAll()
    {
        var now = _time.Mono();
        if (now - _ticked < TickAfter)
            return false;
        _ticked = now;
        var turned = false;
        for (var i = 0; i < _slots.Count; i++)
            if (_slots[i] is { HasConnections: true } server)
                turned |= Tick(server);
        return turned;
    }

    private bool Tick(ServerWatch server)
    {
        try
        {
            server.Tick();
            return server.Publish();
        }
        catch (Exception e)
        {
            return Fail(server, e);
        }
    }

    private bool Obey(ServerWatch server, Order order)
    {
        try
        {
            switch (order)
            {
                case Order.Add:
                    Include(server);
                    break;
                case Order.Remove:
                    return Drop(server);
            }
            if (server.Slot < 0)
                return false;
            if (server.Reading)
                server.Reconcile();
            return server.Publish();
        }
        catch (Exception e)
        {
            return Fail(server, e);
        }
    }

    private void Include(ServerWatch server)
    {
        var slot = _slots.IndexOf(null);
        if (slot < 0)
        {
            slot = _slots.Count;
            _slots.Add(null);
        }
        (_slots[slot], server.Slot) = (server, slot);
        _poll.Include(server.Socket.Handle, slot * 2);
        _poll.Include(server.Process.Handle, slot * 2 + 1);
    }

    // One server's packets must not blind the others.
    private bool Fail(ServerWatch server, Exception e)
    {
        LogBug(_log, e);
        server.Fail();
        return Drop(server);
    }

    private bool Drop(ServerWatch server)
    {
        if (server.Slot >= 0)
        {
            _poll.Exclude(server.Socket.Handle);
            _poll.Exclude(server.Process.Handle);
            _slots[server.Slot] = null;
            server.Slot = -1;
        }
        server.Dispose();
        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "requests in flight: the watcher may not raise its priority (CAP_SYS_NICE): gates close later on a busy machine")]
    private static partial void LogRank(ILogger log);

    [LoggerMessage(Level = LogLevel.Error, Message = "requests in flight: a bug while reading one server's packets: it is not watched for a minute, the others are")]
    private static partial void LogBug(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "requests in flight: the watcher's thread does not end")]
    private static partial void LogStuck(ILogger log);
}
