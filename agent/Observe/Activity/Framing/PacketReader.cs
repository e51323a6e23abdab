using System.Buffers.Binary;
using Headroom.Model;

namespace Headroom.Observe.Activity.Framing;

/// <summary>Finds the TCP segment in a captured IPv4 or IPv6 packet. Whatever the bytes are: it throws nothing.</summary>
internal static class PacketReader
{
    private const byte Tcp = 6, HopByHop = 0, Routing = 43, DestinationOptions = 60;

    /// <param name="packet">From its network header on, as captured; may be cut.</param>
    /// <param name="length">As it was on the wire (or in the kernel's hands: 64 KiB and more with offloads).</param>
    /// <param name="outgoing">Whether this machine sent it (sll_pkttype); null: not known. Where it is known, only a connection's server side on this machine counts: a call to the same port elsewhere is none of
    /// this server, and of the two copies that loopback shows of a packet one is taken.</param>
    /// <param name="ports">The watched ones; few.</param>
    public static bool TryRead(ReadOnlySpan<byte> packet, int length, bool? outgoing, ReadOnlySpan<ushort> ports, MonoTime at, out Segment segment)
    {
        segment = default;
        length = Math.Max(length, packet.Length);
        if (packet.Length < 20)
            return false;
        return (packet[0] >> 4) switch
        {
            4 => TryVersion4(packet, length, outgoing, ports, at, ref segment),
            6 => TryVersion6(packet, length, outgoing, ports, at, ref segment),
            _ => false,
        };
    }

    private static bool TryVersion4(ReadOnlySpan<byte> packet, int length, bool? outgoing, ReadOnlySpan<ushort> ports, MonoTime at, ref Segment segment)
    {
        var header = (packet[0] & 15) * 4;
        if (header < 20 || packet.Length < header || packet[9] != Tcp)
            return false;
        // More fragments, or an offset: only the first one has ports, and TCP avoids them all.
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0)
            return false;
        int told = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        // 0: above 64 KiB (BIG TCP). Less than captured: padding behind it.
        var total = told == 0 ? length : told;
        return TryTcp(packet, header, total, FlowKey.Address(packet.Slice(12, 4)), FlowKey.Address(packet.Slice(16, 4)), outgoing, ports, at, ref segment);
    }

    private static bool TryVersion6(ReadOnlySpan<byte> packet, int length, bool? outgoing, ReadOnlySpan<ushort> ports, MonoTime at, ref Segment segment)
    {
        if (packet.Length < 40)
            return false;
        int told = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        var total = told == 0 ? length : 40 + told;
        var next = packet[6];
        var header = 40;
        while (next is HopByHop or Routing or DestinationOptions)
        {
            if (packet.Length < header + 8)
                return false;
            next = packet[header];
            header += (packet[header + 1] + 1) * 8;
        }
        return next == Tcp
            && TryTcp(packet, header, total, FlowKey.Address(packet.Slice(8, 16)), FlowKey.Address(packet.Slice(24, 16)), outgoing, ports, at, ref segment);
    }

    private static bool TryTcp(ReadOnlySpan<byte> packet, int start, int total, UInt128 source, UInt128 destination,
        bool? outgoing, ReadOnlySpan<ushort> ports, MonoTime at, ref Segment segment)
    {
        if (packet.Length < start + 20)
            return false;
        var tcp = packet[start..];
        var header = (tcp[12] >> 4) * 4;
        if (header < 20 || start + header > total)
            return false;
        var from = BinaryPrimitives.ReadUInt16BigEndian(tcp);
        var to = BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]);
        var flags = (TcpFlags)tcp[13] & (TcpFlags.Fin | TcpFlags.Syn | TcpFlags.Rst | TcpFlags.Ack);
        var toServer = ports.Contains(to) && outgoing != true;
        var fromServer = ports.Contains(from) && outgoing != false;
        if (!toServer && !fromServer)
            return false;
        var both = toServer && fromServer;
        if (both && (flags & TcpFlags.Syn) != 0)
            toServer = (flags & TcpFlags.Ack) == 0;
        // Captured to less than the header: its options are missing, and all of the payload.
        var payload = packet[Math.Min(start + header, packet.Length)..Math.Max(Math.Min(start + header, packet.Length), Math.Min(total, packet.Length))];
        var sent = new FlowKey(source, from, destination, to);
        segment = new Segment
        {
            Key = toServer ? sent : sent.Turned,
            ToServer = toServer,
            Guessed = both && (flags & TcpFlags.Syn) == 0,
            Seq = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
            Ack = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]),
            Flags = flags,
            Payload = payload,
            Length = total - start - header,
            At = at,
        };
        return true;
    }
}
