using System.Buffers.Binary;

namespace Headroom.Observe.Activity.Framing;

/// <summary>One connection of a watched server. Addresses are IPv6, or IPv4 mapped into it (<c>::ffff:a.b.c.d</c>), as big-endian numbers.</summary>
internal readonly record struct FlowKey(UInt128 Client, ushort ClientPort, UInt128 Server, ushort ServerPort)
{
    /// <summary>The same connection, the other way round.</summary>
    public FlowKey Turned => new(Server, ServerPort, Client, ClientPort);

    /// <param name="bytes">4 or 16, in network order.</param>
    public static UInt128 Address(ReadOnlySpan<byte> bytes) => bytes.Length == 4
        ? new UInt128(0, 0xFFFF_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(bytes))
        : BinaryPrimitives.ReadUInt128BigEndian(bytes);
}
