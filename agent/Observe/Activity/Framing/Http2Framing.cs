namespace Headroom.Observe.Activity.Framing;

/// <summary>Requests in flight of a connection of clear-text HTTP/2 (RFC 9113), gRPC mostly. A request begins with the head of the HEADERS frame that opens its
/// stream and ends with the server's END_STREAM or a reset from either side. Payloads are counted, not looked at, except the client's headers.
/// After missed bytes a direction is found again where a packet begins with frames; <see cref="State"/> is lost until both are, and until nothing in flight
/// is in doubt.</summary>
internal sealed class Http2Framing(QuietPaths quiet) : IFraming
{
    private readonly Http2Side _client = new(toServer: true);
    private readonly Http2Side _server = new(toServer: false);
    private readonly Http2Streams _streams = new();
    private readonly Http2Block _block = new();
    private readonly HpackDecoder _headers = new(quiet);
    private bool _opaque;
    private bool _over;
    private int _lastId;
    /// <summary>The stream that the block being gathered opens; 0: none.</summary>
    private int _opening;
    private int _taken;
    private uint _goAway;
    private int _goAwayHave;

    public FramingState State =>
        _opaque ? FramingState.Opaque : _client.Lost || _server.Lost || _streams.InDoubt ? FramingState.Lost : FramingState.Reading;

    public int InFlight => _streams.Count;
    public long Requests { get; private set; }

    public void Begin(bool joined)
    {
        _client.Begin();
        _server.Begin();
        _streams.Clear();
        _headers.Begin();
        (_opaque, _over, _lastId, _opening, _taken, Requests) = (false, false, 0, 0, int.MaxValue, 0);
        if (!joined)
            return;
        Lose(_client);
        Lose(_server);
    }

    public void Read(bool toServer, ReadOnlySpan<byte> bytes)
    {
        var side = toServer ? _client : _server;
        if (_opaque || _over)
            return;
        if (side.Lost)
            side.Find(bytes);
        while (!bytes.IsEmpty && !side.Lost && !_opaque)
        {
            if (side.Left > 0)
            {
                var take = Math.Min(side.Left, bytes.Length);
                Payload(side, bytes[..take]);
                bytes = bytes[take..];
                Pass(side, take);
                continue;
            }
            switch (side.Next(ref bytes))
            {
                case true:
                    Head(side);
                    Pass(side, 0);
                    break;
                case false when side.Guessed:
                    Lose(side);
                    break;
                case false:
                    Close();
                    break;
            }
        }
    }

    public void Miss(bool toServer, long count)
    {
        var side = toServer ? _client : _server;
        if (_opaque || _over || side.Lost || count <= 0)
            return;
        if (count > side.Left)
        {
            Lose(side);
            return;
        }
        if (side.Frame.Type is Http2Type.Headers or Http2Type.Continuation)
            _block.Broken |= toServer;
        else if (side.Frame.Type == Http2Type.GoAway && !toServer && _goAwayHave < sizeof(uint))
            MissGoAway();
        Pass(side, (int)count);
    }

    public void End(bool toServer)
    {
        // A client that has ended its half can still be answered; a server that has ended its own answers nothing more.
        if (toServer)
            return;
        _over = true;
        _streams.Clear();
    }

    /// <summary>While lost, nothing has come for long in either direction: what may be over is taken to be over. If it is not, its answer will show it.</summary>
    public void Silence() => _streams.ForgetDoubtful();

    private void Head(Http2Side side)
    {
        var frame = side.Frame;
        if (frame.Type == Http2Type.Reset)
            _streams.End(frame.Stream);
        else if (frame.Type == Http2Type.Ping)
            _streams.Tire(int.MaxValue);
        else if (side.ToServer)
            ClientHead(frame);
        else
            ServerHead(frame);
    }

    private void ClientHead(Http2Frame frame)
    {
        if (frame.Type is Http2Type.Data or Http2Type.WindowUpdate or Http2Type.Headers)
            _streams.Alive(frame.Stream, Http2Doubt.Client);
        if (frame.Type == Http2Type.Continuation)
            _block.Continue(frame);
        if (frame.Type != Http2Type.Headers)
            return;
        _block.Begin(frame);
        _opening = 0;
        // A block on a stream that is open, or was, is its trailers.
        if (frame.Stream % 2 == 0 || frame.Stream <= _lastId || _streams.Has(frame.Stream))
            return;
        _lastId = frame.Stream;
        if (_streams.UnseenTo == int.MaxValue)
            _streams.UnseenTo = frame.Stream - 1;
        // After GOAWAY the server takes no more; the client asks again elsewhere.
        if (frame.Stream > _taken)
            return;
        _opening = frame.Stream;
        if (!_streams.Add(frame.Stream, _server.Lost ? Http2Doubt.Server : Http2Doubt.None))
            Close();
    }

    private void ServerHead(Http2Frame frame)
    {
        if (frame.Type == Http2Type.GoAway)
            (_goAway, _goAwayHave) = (0, 0);
        if (frame.Type is not (Http2Type.Data or Http2Type.Headers))
            return;
        if (frame.Has(Http2Frame.EndStream))
            _streams.End(frame.Stream);
        else if (!_streams.Answer(frame.Stream))
            Close();
    }

    private void Payload(Http2Side side, ReadOnlySpan<byte> bytes)
    {
        if (side.ToServer)
        {
            if (side.Frame.Type is Http2Type.Headers or Http2Type.Continuation)
                _block.Add(bytes);
        }
        else if (side.Frame.Type == Http2Type.GoAway)
        {
            for (var i = 0; i < bytes.Length && _goAwayHave < sizeof(uint); i++)
                GoAway(bytes[i]);
        }
    }

    /// <summary>The payload begins with the last stream that the server takes, 31 bits.</summary>
    private void GoAway(byte next)
    {
        _goAway = _goAway << 8 | next;
        if (++_goAwayHave < sizeof(uint))
            return;
        _taken = Math.Min(_taken, (int)(_goAway & int.MaxValue));
        _streams.RemoveAbove(_taken);
    }

    /// <summary>Which streams it took from is not known: any may be.</summary>
    private void MissGoAway()
    {
        _goAwayHave = sizeof(uint);
        _streams.DoubtAll(Http2Doubt.Server);
    }

    private void Pass(Http2Side side, int count)
    {
        side.Left -= count;
        if (side.Left == 0 && side.ToServer && side.Frame.Type is Http2Type.Headers or Http2Type.Continuation && side.Frame.Has(Http2Frame.EndHeaders))
            Decide();
    }

    /// <summary>The block is whole. It is decoded in any case, for what it adds to the table.</summary>
    private void Decide()
    {
        var says = HpackSays.Request;
        if (_block.Broken)
            _headers.Forget();
        else
            says = _headers.Decode(_block.Bytes);
        if (_opening == 0)
            return;
        if (says == HpackSays.Request)
            Requests++;
        else
            _streams.Remove(_opening);
        _opening = 0;
    }

    private void Lose(Http2Side side)
    {
        side.Lose();
        if (!side.ToServer)
        {
            _streams.DoubtAll(Http2Doubt.Server);
            return;
        }
        _streams.DoubtAll(Http2Doubt.Client);
        _streams.UnseenTo = int.MaxValue;
        _headers.Forget();
        // One whose headers were cut off may be anything: it counts.
        Requests += _opening == 0 ? 0 : 1;
        (_lastId, _opening) = (0, 0);
    }

    private void Close()
    {
        _opaque = true;
        _streams.Clear();
    }
}
