namespace Headroom.Observe.Activity.Framing;

/// <summary>What a header field says, as far as anyone asks. Neither names nor values are kept.</summary>
internal enum HpackField : byte
{
    /// <summary>From before somebody looked.</summary>
    Unknown,
    Other,
    /// <summary>GET or HEAD.</summary>
    Get,
    Post,
    OtherMethod,
    Path,
    /// <summary>A path that only looks, if it is got.</summary>
    Look,
    /// <summary>A gRPC method that only looks.</summary>
    LookCall,
}

/// <param name="Name">Length of the name, for what refers to it. 0: unknown.</param>
internal readonly record struct HpackEntry(HpackField Field, int Name, int Size);

/// <summary>The dynamic table (RFC 7541, 2.3.2 and 4), as meanings and sizes only.</summary>
internal sealed class HpackTable
{
    public const int DefaultMax = 4096;
    // RFC 7541, 4.1.
    private const int Overhead = 32;
    private HpackEntry[] _ring = new HpackEntry[32];
    private int _next;

    public int Count { get; private set; }
    public int Size { get; private set; }
    public int Max { get; private set; } = DefaultMax;

    /// <param name="index">0: the newest.</param>
    public HpackEntry this[int index] => _ring[(_next - 1 - index) & (_ring.Length - 1)];

    public void Clear() => Count = Size = 0;

    public void Resize(int max)
    {
        Max = max;
        Evict(0);
    }

    public void Add(HpackField field, int name, int value)
    {
        var entry = new HpackEntry(field, name, name + value + Overhead);
        Evict(entry.Size);
        // One that is bigger than all of the table leaves it empty; that is no error.
        if (entry.Size > Max)
            return;
        if (Count == _ring.Length)
            Grow();
        _ring[_next++ & (_ring.Length - 1)] = entry;
        Count++;
        Size += entry.Size;
    }

    private void Evict(int room)
    {
        while (Count > 0 && Size + room > Max)
            Size -= this[--Count].Size;
    }

    private void Grow()
    {
        var wider = new HpackEntry[_ring.Length * 2];
        for (var i = 0; i < Count; i++)
            wider[i] = this[Count - 1 - i];
        (_ring, _next) = (wider, Count);
    }
}
