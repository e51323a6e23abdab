using Headroom.Observe.Activity.Framing;
using static Headroom.Tests.Observe.Activity.Framing.Http2Bytes;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>A client and a server that talk as they are told, and what is in flight between them.</summary>
/// <param name="late">The client may open streams that cross a GOAWAY on their way.</param>
internal sealed class Http2Model(bool late)
{
    private static readonly (string Method, string Path, bool Look)[] Asks =
    [
        ("POST", Work, false), ("POST", Health, true), ("POST", "/v1/chat/completions", false), ("GET", "/metrics", true), ("HEAD", "/health", true),
        ("POST", "/metrics", false), ("GET", "/v1/completions", false), ("GET", "/health?x=1", true),
    ];

    private readonly HpackEncoder _encoder = new();
    private readonly List<(int Id, bool Counts)> _open = [];
    private readonly HashSet<int> _reset = [];
    private int _nextId = 1;
    private int _taken = int.MaxValue;

    public int InFlight => _open.Count(stream => stream.Counts);
    public long Requests { get; private set; }

    /// <returns>Who says which bytes.</returns>
    public (bool ToServer, byte[] Bytes) Step(int kind, int detail)
    {
        switch (kind)
        {
            case 0 or 1 or 2 when late || _taken == int.MaxValue:
                return (true, Open(detail));
            // After the answer too, but never after its own reset.
            case 3 when !_reset.Contains(Any(detail)):
                return (true, Data(Any(detail), detail % 300));
            case 4:
                return (true, Connection(detail));
            case 5:
                return (false, Connection(detail / 3));
            case 6 when detail % 8 == 0:
                return (false, Leave(detail));
        }
        if (_open.Count == 0)
            return (detail % 2 == 0, Ping());
        var at = detail % _open.Count;
        var id = _open[at].Id;
        switch (kind)
        {
            case 6 or 7:
                return (false, Answer(id));
            case 8:
                return (false, Data(id, detail % 300));
            case 9:
                return (true, Block(id, _encoder.Field("x-sum", "a" + detail % 5, detail >> 4).Done(), detail, end: true));
            case 10:
                _open.RemoveAt(at);
                _reset.Add(id);
                return (detail / 7 % 2 == 0, Reset(id));
            default:
                _open.RemoveAt(at);
                return (false, (detail / 7 % 3) switch { 0 => Data(id, detail % 90, end: true), 1 => Answer(id, end: true), _ => Trailers(id) });
        }
    }

    private int Any(int detail) => 1 + 2 * (detail % Math.Max(1, _nextId / 2));

    private byte[] Open(int detail)
    {
        var (method, path, look) = Asks[detail % Asks.Length];
        if (detail / 8 % 9 == 0)
            _encoder.Resize(detail / 128 % 3 * 100);
        if (detail / 8 % 9 == 1)
            _encoder.Resize(4096);
        var block = _encoder.Field(":method", method, detail >> 3).Field(":scheme", "http", detail).Field("user-agent", "model/" + detail % 3, detail >> 5)
            .Field(":path", path, detail >> 6).Field("te", "trailers", detail >> 8).Done();
        _nextId += 2 * (detail / 5 % 3);
        var id = _nextId;
        _nextId += 2;
        if (id <= _taken)
        {
            _open.Add((id, !look));
            Requests += look ? 0 : 1;
        }
        return Block(id, block, detail, end: detail % 4 == 0);
    }

    /// <summary>Cut into frames, padded, with priority.</summary>
    private static byte[] Block(int id, byte[] block, int detail, bool end)
    {
        var (pad, priority) = (detail / 11 % 3 * 7, detail / 13 % 2 == 1);
        var first = detail / 17 % 3 == 0 ? block.Length : detail % (block.Length + 1);
        var flags = (end ? End : 0) | (first == block.Length ? EndHeaders : 0) | (pad > 0 ? Http2Frame.Padded : 0) | (priority ? Http2Frame.Priority : 0);
        byte[] payload = [.. pad > 0 ? [(byte)pad] : Array.Empty<byte>(), .. priority ? new byte[5] : [], .. block[..first], .. new byte[pad]];
        byte[] head = Frame(Http2Type.Headers, flags, id, payload);
        if (first == block.Length)
            return head;
        var second = first + (block.Length - first) / 2;
        return [.. head, .. Frame(Http2Type.Continuation, 0, id, block[first..second]), .. Frame(Http2Type.Continuation, EndHeaders, id, block[second..])];
    }

    private static byte[] Connection(int detail) => (detail % 6) switch
    {
        0 => Ping(),
        1 => Settings,
        2 => SettingsAck,
        3 => WindowUpdate(0),
        4 => Frame(Http2Type.Priority, 0, 1, 0, 0, 0, 0, 1),
        _ => Frame((Http2Type)0x77, detail & 0xFF, detail & 0xFFFF, new byte[detail % 40]),
    };

    private byte[] Leave(int detail)
    {
        var last = Any(detail / 8);
        _taken = Math.Min(_taken, last);
        _open.RemoveAll(stream => stream.Id > last);
        return GoAway(last);
    }

    /// <summary>The server ends all that is open.</summary>
    public byte[] EndAll()
    {
        var ends = _open.SelectMany(stream => Trailers(stream.Id)).ToArray();
        _open.Clear();
        return ends;
    }
}
