namespace Headroom.Profiling.Load;

/// <summary>Finds the events in a streamed answer as its bytes come: <c>data:</c> lines of server-sent events, or the lines of JSON Lines. The closing <c>[DONE]</c> is none.</summary>
internal sealed class EventReader(bool lines)
{
    private static ReadOnlySpan<byte> Data => "data:"u8;
    private static ReadOnlySpan<byte> Done => "[DONE]"u8;
    // Enough to tell what a line is; the rest of it is not kept.
    private readonly byte[] _head = new byte[32];
    private int _length;

    /// <summary>Null: an answer of this type comes as a whole.</summary>
    public static EventReader? For(string? mediaType) => mediaType switch
    {
        "text/event-stream" => new EventReader(lines: false),
        "application/x-ndjson" or "application/jsonl" or "application/jsonlines" or "application/x-jsonlines" => new EventReader(lines: true),
        _ => null,
    };

    /// <returns>How many events ended in these bytes.</returns>
    public int Feed(ReadOnlySpan<byte> bytes)
    {
        var events = 0;
        foreach (var b in bytes)
        {
            if (b == '\n')
            {
                if (IsEvent(_head.AsSpan(0, Math.Min(_length, _head.Length)).TrimEnd((byte)'\r')))
                    events++;
                _length = 0;
            }
            else
            {
                if (_length < _head.Length)
                    _head[_length] = b;
                _length++;
            }
        }
        return events;
    }

    private bool IsEvent(ReadOnlySpan<byte> line) =>
        lines ? line.Trim((byte)' ').Length > 0 : line.StartsWith(Data) && !line[Data.Length..].Trim((byte)' ').SequenceEqual(Done);
}
