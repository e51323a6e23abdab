namespace Headroom.Observe.Activity.Framing;

/// <summary>Integers and strings of a header block (RFC 7541, 5), with limits.</summary>
internal ref struct HpackInput(ReadOnlySpan<byte> block)
{
    // Four more bytes reach 2^28; blocks and tables are far smaller.
    private const int MaxMore = 4;
    private ReadOnlySpan<byte> _rest = block;

    public readonly bool AtEnd => _rest.IsEmpty;
    public readonly byte Peek => _rest[0];

    /// <param name="bits">Of the first byte, that belong to it.</param>
    public bool Integer(int bits, out int value)
    {
        value = 0;
        if (_rest.IsEmpty)
            return false;
        var full = (1 << bits) - 1;
        value = _rest[0] & full;
        var read = 1;
        if (value == full)
        {
            for (var more = 0; ; more++)
            {
                if (more == MaxMore || read == _rest.Length)
                    return false;
                var next = _rest[read++];
                value += (next & 0x7F) << (7 * more);
                if (next < 0x80)
                    break;
            }
        }
        _rest = _rest[read..];
        return true;
    }

    public bool Text(out ReadOnlySpan<byte> text, out bool huffman)
    {
        text = default;
        huffman = !_rest.IsEmpty && _rest[0] >= 0x80;
        if (!Integer(7, out var length) || length > _rest.Length)
            return false;
        text = _rest[..length];
        _rest = _rest[length..];
        return true;
    }
}
