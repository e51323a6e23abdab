namespace Headroom.Observe.Activity.Framing;

/// <summary>What a connection speaks.</summary>
internal enum Protocol : byte
{
    /// <summary>Too little was seen.</summary>
    Undecided,
    Http1,
    /// <summary>In clear text, known beforehand: gRPC.</summary>
    Http2,
    /// <summary>TLS, or anything else that tells no begins and ends of requests.</summary>
    Opaque,
}
