namespace Headroom.Observe.Latency;

/// <summary>Cuts pushed bytes into lines. Nothing is copied but a line that straddles two chunks; memory is bounded by one line.
/// How the bytes are cut into chunks makes no difference.</summary>
internal abstract class LineParser
{
    /// <summary>Longer lines are dropped: a body without line ends must not be gathered up.</summary>
    public const int MaxLineBytes = 64 * 1024;

    private byte[] _pending = [];
    private int _length;
    private bool _skipping;

    /// <summary>Lines over <see cref="MaxLineBytes"/>, comments included.</summary>
    public int DroppedLines { get; private set; }

    public void Feed(ReadOnlySpan<byte> chunk)
    {
        if (_length > 0 || _skipping)
        {
            var end = chunk.IndexOf((byte)'\n');
            Keep(end < 0 ? chunk : chunk[..end]);
            if (end < 0)
                return;
            Complete();
            chunk = chunk[(end + 1)..];
        }
        for (int end; (end = chunk.IndexOf((byte)'\n')) >= 0; chunk = chunk[(end + 1)..])
        {
            if (end <= MaxLineBytes)
                Line(chunk[..end]);
            else
                DroppedLines++;
        }
        Keep(chunk);
    }

    /// <summary>The body is over: a last line without a line end counts. Not to be called on a body that was cut off: its last number may be too short.</summary>
    public void Complete()
    {
        if (_length > 0)
            Line(_pending.AsSpan(0, _length));
        _length = 0;
        _skipping = false;
    }

    /// <param name="line">Without its line feed; may end in a carriage return. Valid only during the call.</param>
    protected abstract void Line(ReadOnlySpan<byte> line);

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_skipping || part.IsEmpty)
            return;
        if (_length + part.Length > MaxLineBytes)
        {
            _skipping = true;
            _length = 0;
            DroppedLines++;
            return;
        }
        if (_length + part.Length > _pending.Length)
            Array.Resize(ref _pending, int.Clamp(2 * (_length + part.Length), 256, MaxLineBytes));
        part.CopyTo(_pending.AsSpan(_length));
        _length += part.Length;
    }
}
