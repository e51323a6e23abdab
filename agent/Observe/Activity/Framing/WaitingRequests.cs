namespace Headroom.Observe.Activity.Framing;

[Flags]
internal enum RequestTraits : byte
{
    None = 0,
    /// <summary>HEAD: its answer has no body.</summary>
    Head = 1,
    /// <summary>CONNECT: a tunnel, if it is granted.</summary>
    Connect = 2,
    /// <summary>A look; does not count.</summary>
    Quiet = 4,
}

/// <summary>Requests of one HTTP/1 connection that wait for their answers, which come in their order. Numbered from 0 on.</summary>
internal sealed class WaitingRequests
{
    /// <summary>More than this: no client does; what is read is no HTTP.</summary>
    public const int Most = 4096;

    private RequestTraits[] _ring = new RequestTraits[8];

    public long First { get; private set; }
    /// <summary>The next one's number.</summary>
    public long Next { get; private set; }
    public int Count => (int)(Next - First);
    /// <summary>Without the quiet ones.</summary>
    public int Counting { get; private set; }

    public long Add()
    {
        if (Count == _ring.Length)
            Grow();
        _ring[Next & _ring.Length - 1] = RequestTraits.None;
        Counting++;
        return Next++;
    }

    /// <summary>Which one it is has been read; it may have been answered already.</summary>
    public void Learn(long number, RequestTraits traits)
    {
        if (number < First || number >= Next)
            return;
        _ring[number & _ring.Length - 1] = traits;
        if ((traits & RequestTraits.Quiet) != 0)
            Counting--;
    }

    public RequestTraits Of(long number) => _ring[number & _ring.Length - 1];

    /// <summary>All before this one are answered, or were.</summary>
    public void EndBefore(long number)
    {
        while (First < number && First < Next)
        {
            if ((_ring[First & _ring.Length - 1] & RequestTraits.Quiet) == 0)
                Counting--;
            First++;
        }
    }

    public void Clear()
    {
        First = Next;
        Counting = 0;
    }

    private void Grow()
    {
        var wider = new RequestTraits[_ring.Length * 2];
        for (var n = First; n < Next; n++)
            wider[n & wider.Length - 1] = _ring[n & _ring.Length - 1];
        _ring = wider;
    }
}
