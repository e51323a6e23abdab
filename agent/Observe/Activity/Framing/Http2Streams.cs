namespace Headroom.Observe.Activity.Framing;

/// <summary>Why a stream may be over already, unseen. Only a frame of that side on it proves that it is not.</summary>
[Flags]
internal enum Http2Doubt : byte
{
    None = 0,
    /// <summary>Bytes of the client were missed: it may have reset it.</summary>
    Client = 1,
    /// <summary>Bytes of the server were missed: it may have ended it.</summary>
    Server = 2,
}

/// <summary>Streams with a request in flight. Few as a rule, so they lie in a row.</summary>
internal sealed class Http2Streams
{
    public const int Limit = 4096;
    // A stream in doubt is given up when so many later ones have ended, or pings passed, without a sign of it.
    private const byte Patience = 64;
    private int[] _ids = new int[16];
    private Http2Doubt[] _doubts = new Http2Doubt[16];
    private byte[] _patience = new byte[16];
    private int _inDoubt;

    public int Count { get; private set; }
    public bool InDoubt => _inDoubt > 0;
    /// <summary>Up to this id there may be streams whose begin was missed; the server's answer shows them.</summary>
    public int UnseenTo { get; set; }

    public void Clear() => Count = _inDoubt = UnseenTo = 0;

    public bool Has(int id) => IndexOf(id) >= 0;

    /// <returns>False: there are too many.</returns>
    public bool Add(int id, Http2Doubt doubt)
    {
        if (Count == Limit)
            return false;
        if (Count == _ids.Length)
        {
            Array.Resize(ref _ids, Count * 2);
            Array.Resize(ref _doubts, Count * 2);
            Array.Resize(ref _patience, Count * 2);
        }
        (_ids[Count], _doubts[Count], _patience[Count]) = (id, doubt, Patience);
        Count++;
        _inDoubt += doubt == Http2Doubt.None ? 0 : 1;
        return true;
    }

    /// <summary>It was none: a look, or nothing at all.</summary>
    public void Remove(int id)
    {
        if (IndexOf(id) is >= 0 and var at)
            RemoveAt(at);
    }

    public void End(int id)
    {
        if (IndexOf(id) is not (>= 0 and var at))
            return;
        RemoveAt(at);
        Tire(id);
    }

    /// <summary>Time passes, as far as streams below this id can tell.</summary>
    public void Tire(int below)
    {
        for (var i = Count - 1; _inDoubt > 0 && i >= 0; i--)
        {
            if (_doubts[i] != Http2Doubt.None && _ids[i] < below && --_patience[i] == 0)
                Forget(i);
        }
    }

    /// <summary>A sign of life from one side.</summary>
    public void Alive(int id, Http2Doubt from)
    {
        if (_inDoubt > 0 && IndexOf(id) is >= 0 and var at)
            AliveAt(at, from);
    }

    /// <summary>The server has sent a part of an answer that goes on; of a request whose begin was missed, too.</summary>
    /// <returns>False: there are too many.</returns>
    public bool Answer(int id)
    {
        if (_inDoubt == 0 && id > UnseenTo)
            return true;
        if (IndexOf(id) is >= 0 and var at)
            AliveAt(at, Http2Doubt.Server);
        else if (id <= UnseenTo && id % 2 == 1)
            return Add(id, Http2Doubt.Client);
        return true;
    }

    public void DoubtAll(Http2Doubt doubt)
    {
        for (var i = 0; i < Count; i++)
        {
            _doubts[i] |= doubt;
            _patience[i] = Patience;
        }
        _inDoubt = Count;
    }

    /// <summary>GOAWAY: what the server has not taken.</summary>
    public void RemoveAbove(int id)
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            if (_ids[i] > id)
                RemoveAt(i);
        }
    }

    public void ForgetDoubtful()
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            if (_doubts[i] != Http2Doubt.None)
                Forget(i);
        }
    }

    private int IndexOf(int id) => _ids.AsSpan(0, Count).IndexOf(id);

    private void AliveAt(int at, Http2Doubt from)
    {
        _patience[at] = Patience;
        if (_doubts[at] == Http2Doubt.None)
            return;
        _doubts[at] &= ~from;
        _inDoubt -= _doubts[at] == Http2Doubt.None ? 1 : 0;
    }

    private void Forget(int at)
    {
        // If it is not over after all, its answer will show it again.
        UnseenTo = Math.Max(UnseenTo, _ids[at]);
        RemoveAt(at);
    }

    private void RemoveAt(int at)
    {
        _inDoubt -= _doubts[at] == Http2Doubt.None ? 0 : 1;
        Count--;
        (_ids[at], _doubts[at], _patience[at]) = (_ids[Count], _doubts[Count], _patience[Count]);
    }
}
