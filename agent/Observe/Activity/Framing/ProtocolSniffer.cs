using System.Buffers.Binary;

namespace Headroom.Observe.Activity.Framing;

/// <summary>Tells by its bytes what a connection speaks.</summary>
internal static class ProtocolSniffer
{
    /// <summary>As many first bytes as any decision needs.</summary>
    public const int Enough = 16;

    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0"u8;

    private const byte Data = 0, Headers = 1, Priority = 2, Reset = 3, Settings = 4, PushPromise = 5, Ping = 6, GoAway = 7, WindowUpdate = 8, Continuation = 9;
    private const int FrameHeader = 9;

    /// <summary>By the first bytes of a connection's client.</summary>
    public static Protocol OfClient(ReadOnlySpan<byte> first)
    {
        // Empty lines before a request are no request (RFC 9112, 2.2).
        first = first.TrimStart("\r\n"u8);
        var common = Math.Min(first.Length, Preface.Length);
        if (!first[..common].SequenceEqual(Preface[..common]))
            return Http1Words.Method(first);
        return common == Preface.Length ? Protocol.Http2 : Protocol.Undecided;
    }

    /// <summary>By the first bytes of a connection's server, if it speaks first: HTTP/2 servers may send their SETTINGS at once (RFC 9113, 3.4), HTTP/1 servers tell idle clients off.</summary>
    public static Protocol OfServer(ReadOnlySpan<byte> first)
    {
        var answer = "HTTP/1."u8;
        var common = Math.Min(first.Length, answer.Length);
        if (first[..common].SequenceEqual(answer[..common]))
            return common == answer.Length ? Protocol.Http1 : Protocol.Undecided;
        if (first.Length < FrameHeader)
            return first[0] == 0 ? Protocol.Undecided : Protocol.Opaque;
        return first[3] == Settings && FrameLength(first) > 0 ? Protocol.Http2 : Protocol.Opaque;
    }

    /// <summary>By one segment out of the middle.</summary>
    /// <param name="length">Of the segment as sent.</param>
    public static Protocol OfMiddle(bool toServer, ReadOnlySpan<byte> segment, int length)
    {
        // A TLS record: its type, its version (RFC 8446, 5.1).
        if (segment.Length >= 5 && segment[0] is >= 0x14 and <= 0x17 && segment[1] == 3 && segment[2] <= 4)
            return Protocol.Opaque;
        if (toServer ? Http1Words.BeginsRequest(segment) : Http1Words.BeginsAnswer(segment))
            return Protocol.Http1;
        if (toServer && segment.StartsWith(Preface))
            return Protocol.Http2;
        var at = 0;
        while (at < length)
        {
            if (at > segment.Length || FrameLength(segment[at..]) is not (> 0 and var frame))
                return Protocol.Undecided;
            at += frame;
        }
        return at == length && length > 0 ? Protocol.Http2 : Protocol.Undecided;
    }

    /// <summary>Header and payload of an HTTP/2 frame (RFC 9113, 4.1 and 6); 0: it is none.</summary>
    private static int FrameLength(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < FrameHeader)
            return 0;
        var length = frame[0] << 16 | frame[1] << 8 | frame[2];
        var stream = BinaryPrimitives.ReadUInt32BigEndian(frame[5..]);
        // The first bit is reserved and sent as 0.
        var fits = stream <= int.MaxValue && frame[3] switch
        {
            Data or Headers or Continuation => stream > 0,
            Priority => stream > 0 && length == 5,
            Reset => stream > 0 && length == 4,
            PushPromise => stream > 0 && length >= 4,
            Settings => stream == 0 && length % 6 == 0,
            Ping => stream == 0 && length == 8,
            GoAway => stream == 0 && length >= 8,
            WindowUpdate => length == 4,
            _ => false,
        };
        return fits ? FrameHeader + length : 0;
    }
}
