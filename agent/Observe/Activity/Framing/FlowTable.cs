using Headroom.Model;

namespace Headroom.Observe.Activity.Framing;

/// <summary>The connections of one watched server and what is in flight on them. One thread; no clock: time comes with the segments. Allocates only while it grows.</summary>
/// <param name="isOwn">Whether a connection is the agent's; asked once for each, at its first payload.</param>
/// <param name="http2">Makes the framing of HTTP/2 connections.</param>
internal sealed class FlowTable(QuietPaths quiet, Func<FlowKey, bool> isOwn, Func<IFraming> http2)
{
    /// <summary>Of both sides, after which what is only perhaps in flight is not any more.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    /// <summary>The same where the client spoke last: it waits for an answer.</summary>
    public static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(60);
    /// <summary>What is under way when a connection ends still belongs to it.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);
    /// <summary>Connections; more are not followed, and the server is unknown.</summary>
    public const int Most = 65_536;
    private const int MostSpare = 1024;

    private readonly Dictionary<FlowKey, Connection> _flows = [];
    private readonly Stack<Connection> _spare = [];
    private FlowTally _sum;
    private bool _full;
    private int _round;

    public int InFlight => _sum.InFlight;
    public int Connections => _sum.Connections;
    /// <summary>Those that can't be read: TLS, WebSocket, another protocol, joined and not known yet.</summary>
    public int Unreadable => _sum.Unreadable;
    /// <summary>Begun since the table is there; looks and own calls do not count.</summary>
    public long Requests => _sum.Requests;

    /// <summary>Unknown while any connection lives that can't be read, and while one that was joined talks in nobody knows what.</summary>
    public FlightState State => _full || _sum.Unknown > 0 ? FlightState.Unknown : _sum.InFlight > 0 ? FlightState.InFlight : FlightState.Idle;

    public void See(in Segment segment)
    {
        var toServer = segment.ToServer;
        if (!_flows.TryGetValue(segment.Key, out var flow))
        {
            if (segment.Guessed && _flows.TryGetValue(segment.Key.Turned, out flow))
                toServer = !toServer;
            else if ((segment.Flags & TcpFlags.Rst) == 0 && ((segment.Flags & TcpFlags.Syn) != 0 || segment.Length > 0))
                flow = Add(segment.Key, segment.At);
            if (flow is null)
                return;
        }
        flow.See(segment, toServer);
        Count(flow);
    }

    /// <summary>The kernel has dropped packets. Whose is not known until each connection speaks again; by then what it has in flight is only perhaps so.</summary>
    public void Missed(MonoTime at)
    {
        foreach (var flow in _flows.Values)
            flow.Doubt(at);
    }

    /// <summary>A connection that is there when watching begins: with nothing in flight, until it speaks.</summary>
    public void Join(FlowKey key, MonoTime at)
    {
        if (!_flows.TryGetValue(key, out var flow))
            flow = Add(key, at);
        if (flow is not null)
            Count(flow);
    }

    public void Drop(FlowKey key)
    {
        if (_flows.Remove(key, out var flow))
            Free(flow);
    }

    /// <summary>The connections that the kernel has: others are dropped (their client has vanished without a word, or their end was missed), new ones joined.</summary>
    /// <param name="alive">All whose socket may still receive or send: established, half closed.</param>
    /// <param name="asOf">Before it asked.</param>
    public void Reconcile(ReadOnlySpan<FlowKey> alive, MonoTime asOf)
    {
        _round++;
        foreach (var key in alive)
        {
            Join(key, asOf);
            if (!_flows.TryGetValue(key, out var flow))
                continue;
            flow.Round = _round;
            // Its end was not what it seemed.
            if (flow.Closed && asOf - flow.Seen > Linger)
            {
                flow.Begin(key, asOf, joined: true);
                Count(flow);
            }
        }
        foreach (var flow in _flows.Values)
            if (!flow.Closed && flow.Round != _round && flow.Seen < asOf)
                Drop(flow.Key);
        _full = _full && _flows.Count >= Most;
    }

    /// <summary>Time passes: a few times a second.</summary>
    public void Tick(MonoTime now)
    {
        foreach (var flow in _flows.Values)
        {
            if (flow.Closed && now - flow.Seen > Linger)
                Drop(flow.Key);
            else
            {
                flow.Settle(now);
                Count(flow);
            }
        }
    }

    private Connection? Add(FlowKey key, MonoTime at)
    {
        if (_flows.Count >= Most)
        {
            _full = true;
            return null;
        }
        var flow = _spare.TryPop(out var spare) ? spare : new Connection(new Conversation(quiet, http2), isOwn);
        flow.Round = _round;
        flow.Begin(key, at, joined: true);
        _flows.Add(key, flow);
        return flow;
    }

    private void Free(Connection flow)
    {
        Discount(flow);
        // What a crowd of clients has left is not kept for ever.
        if (_spare.Count < MostSpare)
            _spare.Push(flow);
    }

    /// <summary>It adds nothing any more but the requests that it had.</summary>
    private void Discount(Connection flow)
    {
        var requests = new FlowTally(0, 0, 0, 0, flow.Counted.Requests);
        _sum -= flow.Counted - requests;
        flow.Counted = requests;
    }

    private void Count(Connection flow)
    {
        var tally = flow.Tally;
        if (tally == flow.Counted)
            return;
        _sum += tally - flow.Counted;
        flow.Counted = tally;
    }
}
