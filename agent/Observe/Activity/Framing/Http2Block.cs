namespace Headroom.Observe.Activity.Framing;

/// <summary>Gathers one header block from HEADERS and CONTINUATION frames, without padding and priority.</summary>
internal sealed class Http2Block
{
    // Servers take 8 to 64 KiB of headers, and these are compressed. Longer ones count as a request, whatever they ask for.
    private const int Limit = 16 << 10;
    private byte[] _bytes = new byte[1024];
    private int _length;
    private bool _padded;
    private int _skip;
    private int _left;

    /// <summary>Parts of it were missed, or it is too long or malformed: it can't be decoded.</summary>
    public bool Broken { get; set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Begin(Http2Frame headers)
    {
        (_length, Broken) = (0, false);
        _padded = headers.Has(Http2Frame.Padded);
        _skip = headers.Has(Http2Frame.Priority) ? 5 : 0;
        _left = headers.Length - _skip - (_padded ? 1 : 0);
        Broken = _left < 0;
    }

    public void Continue(Http2Frame continuation) => (_padded, _skip, _left) = (false, 0, continuation.Length);

    /// <param name="payload">The next bytes of the frame, any cut.</param>
    public void Add(ReadOnlySpan<byte> payload)
    {
        if (Broken || payload.IsEmpty)
            return;
        if (_padded)
        {
            _padded = false;
            _left -= payload[0];
            Broken = _left < 0;
            payload = payload[1..];
        }
        var skip = Math.Min(_skip, payload.Length);
        _skip -= skip;
        payload = payload[skip..];
        // What is left after the block is padding.
        payload = payload[..Math.Clamp(_left, 0, payload.Length)];
        _left -= payload.Length;
        if (Broken || (Broken = _length + payload.Length > Limit))
            return;
        if (_length + payload.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_length + payload.Length, _bytes.Length * 2));
        payload.CopyTo(_bytes.AsSpan(_length));
        _length += payload.Length;
    }
}
