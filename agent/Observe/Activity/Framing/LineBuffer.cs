namespace Headroom.Observe.Activity.Framing;

/// <summary>Lines of a message's head over any cut. A line that lies whole in one segment is not copied; of a longer cut one only the begin is kept.</summary>
internal sealed class LineBuffer
{
    private readonly byte[] _kept = new byte[512];
    private int _length;

    /// <summary>The line before the last byte read was longer than what is kept.</summary>
    public bool Cut { get; private set; }

    public void Clear() => _length = 0;

    /// <summary>The next line, without its end, valid until the next call; false: it goes on in the next segment.</summary>
    public bool Take(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> line)
    {
        line = default;
        var end = bytes.IndexOf((byte)'\n');
        var part = end < 0 ? bytes : bytes[..end];
        if (_length == 0 && end >= 0)
        {
            line = part;
            Cut = false;
        }
        else
        {
            var room = Math.Min(part.Length, _kept.Length - _length);
            part[..room].CopyTo(_kept.AsSpan(_length));
            _length += room;
            if (end < 0)
            {
                bytes = default;
                return false;
            }
            line = _kept.AsSpan(0, _length);
            Cut = _length == _kept.Length;
            _length = 0;
        }
        bytes = bytes[(end + 1)..];
        if (!line.IsEmpty && line[^1] == '\r')
            line = line[..^1];
        return true;
    }
}
