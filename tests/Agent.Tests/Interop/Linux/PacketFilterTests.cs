using System.Buffers.Binary;
using CsCheck;
using Headroom.Interop.Linux;

namespace Headroom.Tests.Interop.Linux;

public sealed class PacketFilterTests
{
    private const uint Network = 1; // ARPHRD_ETHER
    private const uint OtherHost = 3;

    private static byte[] Version4(int from, int to, int options = 0, byte protocol = 6, int fragment = 0, int payload = 0)
    {
        var header = 20 + options * 4;
        var packet = new byte[header + 20 + payload];
        packet[0] = (byte)(0x40 | header / 4);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)fragment);
        packet[9] = protocol;
        Ports(packet.AsSpan(header), from, to);
        return packet;
    }

    private static byte[] Version6(int from, int to, byte next = 6)
    {
        var packet = new byte[60];
        packet[0] = 0x60;
        packet[6] = next;
        Ports(packet.AsSpan(40), from, to);
        return packet;
    }

    private static void Ports(Span<byte> tcp, int from, int to)
    {
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)from);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)to);
    }

    private static bool Passes(byte[] packet, uint packetType, uint hardware, params int[] ports) =>
        FilterMachine.Run(PacketFilter.Of(ports), packet, packet[0] >> 4 == 4 ? PacketFilter.InternetProtocol4 : PacketFilter.InternetProtocol6, packetType, hardware) == PacketFilter.Whole;

    [Fact]
    public void Each_direction_of_a_servers_connection_passes_once_on_a_network_and_on_loopback() => Assert.Multiple(
        () => Assert.True(Passes(Version4(40000, 8000), PacketFilter.Incoming, Network, 8000)),
        () => Assert.True(Passes(Version4(8000, 40000), PacketFilter.Outgoing, Network, 8000)),
        () => Assert.True(Passes(Version4(40000, 8000), PacketFilter.Incoming, PacketFilter.LoopbackKind, 8000)),
        () => Assert.True(Passes(Version4(8000, 40000), PacketFilter.Incoming, PacketFilter.LoopbackKind, 8000)),
        () => Assert.False(Passes(Version4(40000, 8000), PacketFilter.Outgoing, PacketFilter.LoopbackKind, 8000)),
        () => Assert.False(Passes(Version4(8000, 40000), PacketFilter.Outgoing, PacketFilter.LoopbackKind, 8000)));

    [Fact]
    public void A_call_of_the_container_to_a_like_port_elsewhere_does_not_pass_nor_does_its_answer() => Assert.Multiple(
        () => Assert.False(Passes(Version4(40000, 8000), PacketFilter.Outgoing, Network, 8000)),
        () => Assert.False(Passes(Version4(8000, 40000), PacketFilter.Incoming, Network, 8000)));

    [Fact]
    public void What_a_bridge_shows_of_others_does_not_pass() => Assert.Multiple(
        () => Assert.False(Passes(Version4(40000, 8000), OtherHost, Network, 8000)),
        () => Assert.False(Passes(Version4(8000, 40000), OtherHost, Network, 8000)));

    [Fact]
    public void Only_TCP_over_IP_passes() => Assert.Multiple(
        () => Assert.False(Passes(Version4(40000, 8000, protocol: 17), PacketFilter.Incoming, Network, 8000)),
        () => Assert.False(Passes(Version6(40000, 8000, next: 17), PacketFilter.Incoming, Network, 8000)),
        () => Assert.Equal(0u, FilterMachine.Run(PacketFilter.Of([8000]), Version4(40000, 8000), 0x0806, PacketFilter.Incoming, Network)));

    [Fact]
    public void A_later_fragment_has_no_ports_and_the_first_one_has() => Assert.Multiple(
        () => Assert.False(Passes(Version4(40000, 8000, fragment: 185), PacketFilter.Incoming, Network, 8000)),
        () => Assert.False(Passes(Version4(40000, 8000, fragment: 0x2000 | 1), PacketFilter.Incoming, Network, 8000)),
        () => Assert.True(Passes(Version4(40000, 8000, fragment: 0x2000), PacketFilter.Incoming, Network, 8000)),
        () => Assert.True(Passes(Version4(40000, 8000, fragment: 0x4000), PacketFilter.Incoming, Network, 8000)));

    [Fact]
    public void A_packet_cut_before_its_ports_does_not_pass() => Assert.Multiple(
        () => Assert.False(Passes(Version4(40000, 8000)[..22], PacketFilter.Incoming, Network, 8000)),
        () => Assert.False(Passes(Version6(40000, 8000)[..43], PacketFilter.Incoming, Network, 8000)));

    [Fact]
    public void A_port_number_in_the_payload_or_in_the_options_is_none()
    {
        var packet = Version4(40000, 50000, options: 2, payload: 4);
        Ports(packet.AsSpan(20), 8000, 8000);
        Ports(packet.AsSpan(48), 8000, 8000);
        Assert.False(Passes(packet, PacketFilter.Incoming, Network, 8000));
    }

    [Fact]
    public void Whatever_the_ports_options_and_place_exactly_the_servers_packets_pass() =>
        Gen.Select(Gen.Int[1, 65535].HashSet[1, PacketFilter.MostPorts], Gen.Int[1, 65535], Gen.Int[0, 31], Gen.Bool, Gen.Int[0, 10], Gen.UInt[0, 4], Gen.Bool)
            .Sample((set, other, pick, toServer, options, packetType, loopback) =>
            {
                int[] ports = [.. set];
                var port = pick < 16 ? ports[pick % ports.Length] : other ^ pick;
                var (from, to) = toServer ? (other, port) : (port, other);
                var packet = options == 10 ? Version6(from, to) : Version4(from, to, options);
                var wanted = loopback ? packetType != PacketFilter.Outgoing && (set.Contains(from) || set.Contains(to))
                    : packetType == PacketFilter.Outgoing ? set.Contains(from) : packetType == PacketFilter.Incoming && set.Contains(to);
                Assert.Equal(wanted, Passes(packet, packetType, loopback ? PacketFilter.LoopbackKind : Network, ports));
            }, iter: 10_000);

    [Fact]
    public void No_ports_and_too_many_are_refused() => Assert.Multiple(
        () => Assert.Throws<ArgumentOutOfRangeException>(() => PacketFilter.Of([])),
        () => Assert.Throws<ArgumentOutOfRangeException>(() => PacketFilter.Of([.. Enumerable.Range(1, 33)])));
}
