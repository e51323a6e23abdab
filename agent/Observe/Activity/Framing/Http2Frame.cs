using System.Buffers.Binary;

namespace Headroom.Observe.Activity.Framing;

internal enum Http2Type : byte
{
    Data, Headers, Priority, Reset, Settings, PushPromise, Ping, GoAway, WindowUpdate, Continuation,
    AltSvc = 0xA, Origin = 0xC, PriorityUpdate = 0x10,
}

/// <summary>The head of a frame (RFC 9113, 4.1).</summary>
/// <param name="Length">Of the payload, bytes.</param>
/// <param name="Reserved">The bit that senders leave 0.</param>
internal readonly record struct Http2Frame(int Length, Http2Type Type, byte Flags, int Stream, bool Reserved)
{
    public const int HeadLength = 9;
    public const byte EndStream = 0x1, Ack = 0x1, EndHeaders = 0x4, Padded = 0x8, Priority = 0x20;
    // Frames are of 16 KiB unless the other side allows more, which few do.
    private const int LikelyLength = 1 << 20, OwnLength = 16 << 10;

    public bool Has(byte flag) => (Flags & flag) != 0;

    public static Http2Frame Of(ReadOnlySpan<byte> head)
    {
        var stream = BinaryPrimitives.ReadUInt32BigEndian(head[5..]);
        return new Http2Frame(head[0] << 16 | head[1] << 8 | head[2], (Http2Type)head[3], head[4], (int)(stream & int.MaxValue), stream > int.MaxValue);
    }

    /// <summary>No error of the connection by its head alone (RFC 9113, 6).</summary>
    public bool IsSound(bool toServer) => Type switch
    {
        Http2Type.Data or Http2Type.Headers or Http2Type.Priority or Http2Type.Continuation => Stream != 0,
        Http2Type.PushPromise => Stream != 0 && !toServer,
        Http2Type.Reset => Stream != 0 && Length == 4,
        Http2Type.Settings => Stream == 0 && (Has(Ack) ? Length == 0 : Length % 6 == 0),
        Http2Type.Ping => Stream == 0 && Length == 8,
        Http2Type.GoAway => Stream == 0 && Length >= 8,
        Http2Type.WindowUpdate => Length == 4,
        // Of an unknown type: text that is no HTTP/2 would be a giant one.
        _ => Length <= OwnLength,
    };

    /// <summary>Likely to be a head at all: nothing in it is rare. Bytes of a body, zeros above all, must hardly ever pass.</summary>
    private bool IsLikely(bool toServer) => IsSound(toServer) && !Reserved && Length <= LikelyLength && (Stream == 0 || Stream % 2 == 1) && Type switch
    {
        Http2Type.Data => Only(EndStream | Padded) && (Length > 0 || Has(EndStream)),
        Http2Type.Headers => Only(EndStream | EndHeaders | Padded | Priority) && Length > 0,
        Http2Type.Priority => Flags == 0 && Length == 5,
        Http2Type.PushPromise => Only(EndHeaders | Padded) && Length > 4,
        Http2Type.Continuation => Only(EndHeaders),
        Http2Type.Settings => Only(Ack) && (Length > 0 || Has(Ack)),
        Http2Type.Ping => Only(Ack),
        Http2Type.Reset or Http2Type.GoAway or Http2Type.WindowUpdate or Http2Type.AltSvc or Http2Type.Origin or Http2Type.PriorityUpdate => Flags == 0,
        _ => false,
    };

    private bool Only(byte flags) => (Flags & ~flags) == 0;

    /// <summary>Whether these bytes, the payload of a packet, begin with a frame of HTTP/2: two likely heads, the second where the first one's
    /// payload ends, or one whose payload ends where the bytes end. Without a payload a frame proves little: zeros look like it.</summary>
    public static bool Leads(bool toServer, ReadOnlySpan<byte> bytes)
    {
        var (heads, block, proof) = (0, 0, false);
        while (bytes.Length >= HeadLength)
        {
            var frame = Of(bytes);
            // In the middle of a header block is no good begin either: its front would be missing.
            if (!frame.IsLikely(toServer) || block != 0 && frame.Stream != block || block != 0 != (frame.Type == Http2Type.Continuation))
                return false;
            block = frame.Opens(block);
            heads++;
            if (frame.Length > bytes.Length - HeadLength)
                return heads >= 2 && proof;
            proof |= frame.Length > 0;
            bytes = bytes[(HeadLength + frame.Length)..];
        }
        return heads >= (bytes.IsEmpty ? 1 : 2) && proof;
    }

    /// <summary>The stream whose header block goes on after this frame; 0: none.</summary>
    /// <param name="before">The one that went on before it.</param>
    public int Opens(int before) =>
        Type is Http2Type.Headers or Http2Type.PushPromise or Http2Type.Continuation ? Has(EndHeaders) ? 0 : Stream : before;
}
