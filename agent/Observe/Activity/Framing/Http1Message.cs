namespace Headroom.Observe.Activity.Framing;

internal enum Http1Phase : byte
{
    /// <summary>Between messages.</summary>
    Start,
    FirstLine,
    Fields,
    Body,
    /// <summary>Looks for the next begin of a message, at the begin of a segment.</summary>
    Lost,
}

/// <summary>Where one direction stands in its messages.</summary>
internal sealed class Http1Message
{
    public readonly LineBuffer Line = new();
    public Http1Phase Phase;
    public Http1Head Head;
    public Http1Body Body;
    /// <summary>A first line was as it should be: this is HTTP/1.</summary>
    public bool Valid;

    /// <summary>It was lost at least once, so where it stands is a guess at times.</summary>
    public bool Lossy;

    /// <summary>The next byte begins a message.</summary>
    public void Start()
    {
        Line.Clear();
        Head = default;
        Phase = Http1Phase.Start;
    }

    public void Lose()
    {
        Line.Clear();
        Phase = Http1Phase.Lost;
        Lossy = true;
    }
}
