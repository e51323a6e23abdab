namespace Headroom.Observe.Activity.Framing;

/// <summary>One direction of a connection: where its frames begin and end.</summary>
internal sealed class Http2Side(bool toServer)
{
    private readonly byte[] _head = new byte[Http2Frame.HeadLength];
    private int _have;
    private int _preface;
    private int _block;
    private bool _first;
    private bool _guessed;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public bool ToServer => toServer;
    public bool Lost { get; private set; }
    /// <summary>The frame that is being read.</summary>
    public Http2Frame Frame { get; private set; }
    /// <summary>Of its payload, still to come.</summary>
    public int Left { get; set; }

    public void Begin()
    {
        (_have, _block, _first, _guessed, Lost, Left) = (0, 0, true, false, false, 0);
        _preface = toServer ? 0 : Preface.Length;
    }

    public void Lose()
    {
        (_have, _block, _first, _guessed, Lost, Left) = (0, 0, false, true, true, 0);
        _preface = Preface.Length;
    }

    /// <summary>While lost: begins to read where the bytes of a packet begin with frames.</summary>
    public void Find(ReadOnlySpan<byte> bytes) => Lost = !Http2Frame.Leads(toServer, bytes);

    /// <summary>Takes bytes up to the end of the next head.</summary>
    /// <returns>Null: there is none in these bytes. Otherwise whether it is sound; <see cref="Frame"/> is it.</returns>
    public bool? Next(ref ReadOnlySpan<byte> bytes)
    {
        while (_preface < Preface.Length)
        {
            if (bytes.IsEmpty)
                return null;
            if (bytes[0] != Preface[_preface++])
                return false;
            bytes = bytes[1..];
        }
        var take = Math.Min(Http2Frame.HeadLength - _have, bytes.Length);
        bytes[..take].CopyTo(_head.AsSpan(_have));
        _have += take;
        bytes = bytes[take..];
        if (_have < Http2Frame.HeadLength)
            return null;
        _have = 0;
        Frame = Http2Frame.Of(_head);
        Left = Frame.Length;
        return Frame.IsSound(toServer) && Follows();
    }

    /// <summary>Where it is not sound: the place had been a guess, and it was wrong. Otherwise this is no HTTP/2.</summary>
    public bool Guessed => _guessed;

    private bool Follows()
    {
        // RFC 9113, 3.4: settings come first. 6.10: nothing comes between the frames of a header block.
        if (_first && (Frame.Type != Http2Type.Settings || Frame.Has(Http2Frame.Ack)))
            return false;
        _first = false;
        if (_block != 0 != (Frame.Type == Http2Type.Continuation) || _block != 0 && Frame.Stream != _block)
            return false;
        _block = Frame.Opens(_block);
        return true;
    }
}
