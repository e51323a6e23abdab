namespace Headroom.Observe.Activity.Framing;

/// <summary>What is said on one connection: finds out which protocol it is and gives the bytes to that one's framing. Used again for other connections.</summary>
internal sealed class Conversation(QuietPaths quiet, Func<IFraming> makeHttp2)
{
    private readonly byte[] _clientsFirst = new byte[ProtocolSniffer.Enough];
    private readonly byte[] _serversFirst = new byte[ProtocolSniffer.Enough];
    private int _clients, _servers;
    private Protocol _protocol;
    private bool _joined;
    private IFraming? _framing;
    private IFraming? _http1, _http2;
    // Of framings before they had to begin anew.
    private long _requests;

    /// <summary>TLS, WebSocket, any other protocol: for the rest of the connection.</summary>
    public bool Opaque => _protocol == Protocol.Opaque || _framing?.State == FramingState.Opaque;
    /// <summary>Joined in the middle, and nothing has told yet what it is.</summary>
    public bool Unread => _joined && _protocol == Protocol.Undecided;
    public bool Lost => _framing?.State == FramingState.Lost;
    /// <summary>Of all connections that it was used for.</summary>
    public long Requests => _requests + (_framing?.Requests ?? 0);

    /// <summary>Too few first bytes to tell the protocol are the begin of a request.</summary>
    public int InFlight => _framing is { State: not FramingState.Opaque } framing ? framing.InFlight
        : _protocol == Protocol.Undecided && !_joined && _clients > 0 ? 1 : 0;

    public void Begin(bool joined)
    {
        _clients = _servers = 0;
        _protocol = Protocol.Undecided;
        _joined = joined;
        _requests += _framing?.Requests ?? 0;
        _framing = null;
    }

    /// <summary>One side's next bytes.</summary>
    /// <param name="captured">Their begin.</param>
    /// <param name="length">All of them.</param>
    public void Read(bool toServer, ReadOnlySpan<byte> captured, int length)
    {
        if (_protocol == Protocol.Opaque)
            return;
        if (_protocol == Protocol.Undecided)
        {
            if (_joined)
                SniffMiddle(toServer, captured, length);
            else
                SniffBegin(toServer, captured);
        }
        // What a sniff has kept was captured whole; so is what it has decided on, or the rest is a gap.
        if (_framing is { } framing)
        {
            framing.Read(toServer, captured);
            if (captured.Length < length)
                framing.Miss(toServer, length - captured.Length);
        }
        else if (captured.Length < length)
            Miss(toServer, length - captured.Length);
    }

    public void Miss(bool toServer, long count)
    {
        if (_framing is { } framing)
            framing.Miss(toServer, count);
        else
            _joined = true;
    }

    public void End(bool toServer)
    {
        _framing?.End(toServer);
        if (!toServer && _framing is null)
            _clients = 0;
    }

    /// <summary>What may have been in flight is not any more: it begins again, as if joined now.</summary>
    public void Settle()
    {
        _joined = true;
        _requests += _framing?.Requests ?? 0;
        _framing?.Begin(joined: true);
    }

    private void SniffBegin(bool toServer, ReadOnlySpan<byte> bytes)
    {
        var first = toServer ? _clientsFirst : _serversFirst;
        ref var kept = ref toServer ? ref _clients : ref _servers;
        var before = kept;
        var room = Math.Min(bytes.Length, first.Length - kept);
        bytes[..room].CopyTo(first.AsSpan(kept));
        kept += room;
        if (kept == 0)
            return;
        var protocol = toServer ? ProtocolSniffer.OfClient(first.AsSpan(0, kept)) : ProtocolSniffer.OfServer(first.AsSpan(0, kept));
        if (protocol == Protocol.Undecided)
            return;
        // The caller gives this segment itself.
        kept = before;
        Decide(protocol, joined: false);
        if (_framing is null)
            return;
        if (_clients > 0)
            _framing.Read(true, _clientsFirst.AsSpan(0, _clients));
        if (_servers > 0)
            _framing.Read(false, _serversFirst.AsSpan(0, _servers));
    }

    private void SniffMiddle(bool toServer, ReadOnlySpan<byte> captured, int length)
    {
        var protocol = ProtocolSniffer.OfMiddle(toServer, captured, length);
        if (protocol != Protocol.Undecided)
            Decide(protocol, joined: !(toServer && captured.StartsWith(ProtocolSniffer.Preface)));
    }

    private void Decide(Protocol protocol, bool joined)
    {
        _protocol = protocol;
        _framing = protocol switch
        {
            Protocol.Http1 => _http1 ??= new Http1Framing(quiet),
            Protocol.Http2 => _http2 ??= makeHttp2(),
            _ => null,
        };
        _framing?.Begin(joined);
    }
}
