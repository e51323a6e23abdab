using System.Buffers.Binary;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>Packets as a cooked packet socket shows them: from their network header on.</summary>
internal static class RawPacket
{
    public static byte[] V4(ushort client, ushort server, bool toServer, uint seq, byte flags, ReadOnlySpan<byte> payload, int ipOptions = 0, int tcpOptions = 0, ushort? total = null)
    {
        var start = 20 + ipOptions;
        var packet = new byte[start + 20 + tcpOptions + payload.Length];
        packet[0] = (byte)(0x40 | start / 4);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), total ?? (ushort)packet.Length);
        packet[8] = 64;
        packet[9] = 6;
        byte[] a = [10, 0, 0, 1], b = [10, 0, 0, 2];
        (toServer ? a : b).CopyTo(packet, 12);
        (toServer ? b : a).CopyTo(packet, 16);
        Tcp(packet.AsSpan(start), toServer ? client : server, toServer ? server : client, seq, flags, tcpOptions, payload);
        return packet;
    }

    /// <param name="extensions">Whole extension headers; the first one's kind is <paramref name="next"/>.</param>
    public static byte[] V6(ushort from, ushort to, uint seq, byte flags, ReadOnlySpan<byte> payload, byte next = 6, byte[]? extensions = null, ushort? length = null)
    {
        extensions ??= [];
        var packet = new byte[40 + extensions.Length + 20 + payload.Length];
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), length ?? (ushort)(packet.Length - 40));
        packet[6] = next;
        packet[7] = 64;
        packet[8] = 0xfd;
        packet[23] = 1;
        packet[24] = 0xfd;
        packet[39] = 2;
        extensions.CopyTo(packet, 40);
        Tcp(packet.AsSpan(40 + extensions.Length), from, to, seq, flags, 0, payload);
        return packet;
    }

    private static void Tcp(Span<byte> tcp, ushort from, ushort to, uint seq, byte flags, int options, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteUInt16BigEndian(tcp, from);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], to);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], seq);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], 77);
        tcp[12] = (byte)((20 + options) / 4 << 4);
        tcp[13] = flags;
        tcp.Slice(20, options).Fill(1);
        payload.CopyTo(tcp[(20 + options)..]);
    }
}
