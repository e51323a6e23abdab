namespace Headroom.Observe.Activity.Framing;

internal enum BodyStep
{
    /// <summary>All bytes were of this body, and it goes on.</summary>
    More,
    Ended,
    /// <summary>It is not framed as it should be; where it ends is not known.</summary>
    Broken,
}

/// <summary>A body skipped by its length or its chunks, over any cut.</summary>
internal struct Http1Body
{
    private enum Part : byte { Counted, Size, Extension, Data, DataEnd, Trailer, UntilClose }

    /// <summary>A chunk above this is no chunk.</summary>
    private const long MostBytes = 1L << 50;

    private Part _part;
    private long _left;
    // Of a size: a digit was seen. Of a trailer: its line is not empty.
    private bool _some;

    public readonly bool IsUntilClose => _part == Part.UntilClose;
    /// <summary>Not a byte of it has come.</summary>
    public bool Untouched { get; private set; }

    /// <param name="length">Above 0.</param>
    public static Http1Body Counted(long length) => new() { _part = Part.Counted, _left = length, Untouched = true };
    public static Http1Body Chunked() => new() { _part = Part.Size, Untouched = true };
    public static Http1Body UntilClose() => new() { _part = Part.UntilClose, Untouched = true };

    /// <param name="bytes">Not empty; of <see cref="BodyStep.Ended"/> what is behind the body stays.</param>
    public BodyStep Read(ref ReadOnlySpan<byte> bytes)
    {
        Untouched = false;
        while (!bytes.IsEmpty)
        {
            if (_part is Part.Counted or Part.Data)
            {
                var skipped = (int)Math.Min(_left, bytes.Length);
                bytes = bytes[skipped..];
                _left -= skipped;
                if (_left == 0 && _part == Part.Counted)
                    return BodyStep.Ended;
                if (_left == 0)
                    _part = Part.DataEnd;
                continue;
            }
            if (_part == Part.UntilClose)
            {
                bytes = default;
                return BodyStep.More;
            }
            var step = Frame(bytes[0]);
            bytes = bytes[1..];
            if (step != BodyStep.More)
                return step;
        }
        return BodyStep.More;
    }

    /// <param name="count">Bytes not seen; of <see cref="BodyStep.Ended"/> those behind the body stay.</param>
    public BodyStep Miss(ref long count)
    {
        Untouched = false;
        if (_part == Part.UntilClose)
        {
            count = 0;
            return BodyStep.More;
        }
        if (_part is not (Part.Counted or Part.Data) || _part == Part.Data && count > _left)
            return BodyStep.Broken;
        var skipped = Math.Min(_left, count);
        _left -= skipped;
        count -= skipped;
        if (_left > 0)
            return BodyStep.More;
        if (_part == Part.Counted)
            return BodyStep.Ended;
        _part = Part.DataEnd;
        return BodyStep.More;
    }

    private BodyStep Frame(byte next)
    {
        switch (_part)
        {
            case Part.Size when Digit(next) is var digit and >= 0:
                _left = _left << 4 | (uint)digit;
                _some = true;
                return _left > MostBytes ? BodyStep.Broken : BodyStep.More;
            case Part.Size when next is (byte)';' or (byte)' ' or (byte)'\t' or (byte)'\r' && _some:
                _part = Part.Extension;
                return BodyStep.More;
            case Part.Size or Part.Extension when next == '\n' && _some:
                _part = _left == 0 ? Part.Trailer : Part.Data;
                _some = false;
                return BodyStep.More;
            case Part.Size:
                return BodyStep.Broken;
            case Part.DataEnd when next == '\n':
                _part = Part.Size;
                return BodyStep.More;
            case Part.DataEnd:
                return next == '\r' ? BodyStep.More : BodyStep.Broken;
            case Part.Trailer when next == '\n':
                if (!_some)
                    return BodyStep.Ended;
                _some = false;
                return BodyStep.More;
            case Part.Trailer:
                _some |= next != '\r';
                return BodyStep.More;
            default:
                return BodyStep.More;
        }
    }

    private static int Digit(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };
}
