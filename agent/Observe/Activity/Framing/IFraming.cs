namespace Headroom.Observe.Activity.Framing;

internal enum FramingState
{
    /// <summary>Begins and ends of requests are seen.</summary>
    Reading,
    /// <summary>Bytes were missed, or it was joined in the middle: it looks for the next begin of a message.</summary>
    Lost,
    /// <summary>Not a protocol that tells begins and ends from outside (WebSocket after its upgrade, garbage): for the rest of the connection.</summary>
    Opaque,
}

/// <summary>Reads begins and ends of requests out of the two byte streams of one connection. Used again for other connections: nothing is allocated in steady state.
/// Of the bytes only what frames messages is looked at; nothing of a body is kept.</summary>
internal interface IFraming
{
    FramingState State { get; }
    /// <summary>Requests begun and not answered to the end; looks at health and metrics do not count. While lost: those that may still be (0 or more).</summary>
    int InFlight { get; }
    /// <summary>Requests begun since <see cref="Begin"/>; looks do not count.</summary>
    long Requests { get; }

    /// <summary>A new connection.</summary>
    /// <param name="joined">In the middle: its first bytes were not seen.</param>
    void Begin(bool joined);

    /// <summary>The next bytes of one direction, in order, any cut.</summary>
    void Read(bool toServer, ReadOnlySpan<byte> bytes);

    /// <summary>So many bytes of one direction, next in order, were not seen. Those inside of a body do no harm.</summary>
    void Miss(bool toServer, long count);

    /// <summary>One side has ended its stream (FIN). After both, or a reset, the connection is dropped by its owner.</summary>
    void End(bool toServer);
}
