using Headroom.Model;

namespace Headroom.Observe.Activity.Framing;

/// <summary>One TCP connection: puts its segments in order, once each. A gap is not waited for: what comes late is not read any more. Used again for other connections.</summary>
internal sealed class Connection(Conversation talk, Func<FlowKey, bool> isOwn)
{
    /// <summary>A TCP window is at most 1 GiB (RFC 7323): whatever is farther ahead is another connection.</summary>
    private const int FarAhead = 1 << 30;
    /// <summary>Bytes; nothing that old is sent again.</summary>
    private const int FarBehind = 64 << 20;

    private struct Side
    {
        /// <summary>First byte's number by the handshake, and the next one expected.</summary>
        public uint First, Next;
        public bool Known, Ended;
        /// <summary>The kernel has dropped packets since its last one.</summary>
        public bool Doubt;
    }

    private Side _client, _server;
    private bool _joined, _asked, _stirred, _clientSpokeLast;
    private MonoTime _spoke;

    public FlowKey Key { get; private set; }
    /// <summary>Ended or reset; kept for a while, for what is still under way.</summary>
    public bool Closed { get; private set; }
    /// <summary>The agent's own call.</summary>
    public bool Own { get; private set; }
    public MonoTime Seen { get; private set; }
    /// <summary>Of the last reconciliation that had it.</summary>
    public int Round { get; set; }
    /// <summary>What its table has counted for it.</summary>
    public FlowTally Counted { get; set; }

    public FlowTally Tally => Closed || Own ? new FlowTally(0, 0, 0, 0, talk.Requests) : new FlowTally(
        Connections: 1,
        Unreadable: talk.Opaque || talk.Unread ? 1 : 0,
        // One that was joined and says nothing is a pool's; as long as it talks and nobody knows in what, nothing is known.
        Unknown: talk.Opaque || talk.Unread && _stirred ? 1 : 0,
        InFlight: talk.InFlight,
        talk.Requests);

    /// <param name="joined">In the middle: the next segments say where its sides are.</param>
    public void Begin(FlowKey key, MonoTime at, bool joined)
    {
        Key = key;
        Closed = Own = _asked = _stirred = _clientSpokeLast = false;
        _joined = joined;
        _client = _server = default;
        Seen = _spoke = at;
        talk.Begin(joined);
    }

    public void See(in Segment segment, bool toServer)
    {
        // Who goes on after a reset was not reset (a challenged one, a forged one): not seen any more, it is dropped soon, and what still comes is joined as new.
        if (!Closed)
            Seen = segment.At;
        if ((segment.Flags & TcpFlags.Rst) != 0)
        {
            Closed = true;
            return;
        }
        var seq = segment.Seq;
        if ((segment.Flags & TcpFlags.Syn) != 0)
        {
            seq++;
            Shake(segment, toServer, seq);
        }
        if (Closed)
            return;
        ref var side = ref toServer ? ref _client : ref _server;
        var ends = (segment.Flags & TcpFlags.Fin) != 0;
        if (segment.Length == 0 && !ends)
        {
            // A bare acknowledgement tells where its side stands: after drops that is news.
            if (side is { Doubt: true, Known: true } && (int)(seq - side.Next) is > 0 and <= FarAhead and var unseen)
                Skip(ref side, toServer, unseen);
            side.Doubt = false;
            return;
        }
        if (!side.Known)
        {
            side.Known = true;
            side.Next = seq;
            // One byte may be a keep-alive probe: a byte that was sent before.
            if (_joined && segment.Length == 1 && !ends)
            {
                side.Next = seq + 1;
                return;
            }
            // How much of this side went by before is not known; something may have, since the other side was read.
            if (_joined && !Own)
                talk.Miss(toServer, 1);
        }
        var gap = (int)(seq - side.Next);
        if (gap is > FarAhead or < -FarBehind)
        {
            Begin(Key, segment.At, joined: true);
            side.Known = true;
            side.Next = seq;
            gap = 0;
        }
        side.Doubt = false;
        if (gap > 0)
            Skip(ref side, toServer, gap);
        var old = gap < 0 ? -gap : 0;
        if (old < segment.Length)
            Hear(segment, ref side, toServer, old);
        if (ends && !side.Ended && seq + (uint)segment.Length == side.Next)
        {
            side.Ended = true;
            talk.End(toServer);
            Closed = _client.Ended && _server.Ended;
        }
    }

    private void Hear(in Segment segment, ref Side side, bool toServer, int old)
    {
        if (!_asked)
        {
            _asked = true;
            Own = isOwn(Key);
        }
        var length = segment.Length - old;
        side.Next += (uint)length;
        _spoke = segment.At;
        _clientSpokeLast = toServer;
        _stirred = true;
        if (!Own)
            talk.Read(toServer, segment.Payload[Math.Min(old, segment.Payload.Length)..], length);
    }

    private void Skip(ref Side side, bool toServer, int unseen)
    {
        side.Next += (uint)unseen;
        if (!Own)
            talk.Miss(toServer, unseen);
    }

    private void Shake(in Segment segment, bool toServer, uint first)
    {
        ref var side = ref toServer ? ref _client : ref _server;
        // Sent again, or a late copy.
        if (side.Known && side.First == first)
            return;
        // Of the server: the client's was not seen, or another one was.
        if (toServer || side.Known || !_client.Known)
        {
            Begin(Key, segment.At, joined: false);
            if (!toServer)
                _client = new Side { First = segment.Ack, Next = segment.Ack, Known = true };
        }
        side = new Side { First = first, Next = first, Known = true };
    }

    /// <summary>The kernel has dropped packets; whose, the next segment of each side will tell.</summary>
    public void Doubt(MonoTime at)
    {
        _client.Doubt = _server.Doubt = true;
        _spoke = _spoke > at ? _spoke : at;
    }

    /// <summary>What is only perhaps in flight ends after so much silence.</summary>
    public void Settle(MonoTime now)
    {
        var silence = now - _spoke;
        if (silence < FlowTable.Silence)
            return;
        _stirred = false;
        // A client that spoke last waits for its answer, however long the model thinks; not for ever where bytes are missing.
        if ((_client.Doubt || _server.Doubt || talk.Lost) && talk.InFlight > 0 && (!_clientSpokeLast || silence >= FlowTable.LongSilence))
        {
            _client.Doubt = _server.Doubt = false;
            talk.Settle();
        }
    }
}
