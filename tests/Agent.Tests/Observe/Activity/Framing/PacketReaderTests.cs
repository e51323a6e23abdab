using CsCheck;
using Headroom.Model;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

public class PacketReaderTests
{
    private static readonly ushort[] Ports = [8000, 8080];
    private static readonly MonoTime At = new(TimeSpan.FromSeconds(7));

    /// <summary>A segment that may outlive its packet, for comparing.</summary>
    private sealed record Read(FlowKey Key, bool ToServer, bool Guessed, uint Seq, TcpFlags Flags, string Payload, int Length);

    private static Read? Parse(byte[] packet, int? length = null, bool? outgoing = null) =>
        PacketReader.TryRead(packet, length ?? packet.Length, outgoing, Ports, At, out var s)
            ? new Read(s.Key, s.ToServer, s.Guessed, s.Seq, s.Flags, System.Text.Encoding.Latin1.GetString(s.Payload), s.Length) : null;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(40, 0)]
    [InlineData(0, 40)]
    [InlineData(4, 12)]
    public void Options_of_both_headers_are_skipped(int ip, int tcp)
    {
        var packet = RawPacket.V4(40_000, 8000, true, 9, 0x18, "GET /"u8, ip, tcp);
        Assert.Equal(new Read(Wire.KeyOf(40_000), true, false, 9, TcpFlags.Ack, "GET /", 5), Parse(packet));
    }

    [Fact]
    public void An_answer_has_the_key_of_its_connection()
    {
        var read = Parse(RawPacket.V4(40_000, 8000, false, 9, 0x11, "ok"u8));
        Assert.Equal(new Read(Wire.KeyOf(40_000), false, false, 9, TcpFlags.Ack | TcpFlags.Fin, "ok", 2), read);
    }

    [Fact]
    public void IPv6_extension_headers_are_skipped_and_fragments_ignored()
    {
        byte[] hopByHop = [43, 0, 1, 4, 0, 0, 0, 0], routing = [60, 1, .. new byte[14]], destination = [6, 0, .. new byte[6]];
        var read = Parse(RawPacket.V6(40_000, 8080, 5, 0x10, "abc"u8, 0, [.. hopByHop, .. routing, .. destination]));
        Assert.Equal(("abc", 3, (ushort)8080, true), (read?.Payload, read?.Length, read?.Key.ServerPort, read?.ToServer));
        Assert.Equal("abc", Parse(RawPacket.V6(40_000, 8080, 5, 0x10, "abc"u8))?.Payload);
        Assert.Null(Parse(RawPacket.V6(40_000, 8080, 5, 0x10, "abc"u8, 44, [6, 0, 0, 1, 0, 0, 0, 1])));
        var fragment = RawPacket.V4(40_000, 8000, true, 9, 0x10, "abc"u8);
        fragment[6] = 0x20;
        Assert.Null(Parse(fragment));
        // Only: do not fragment.
        fragment[6] = 0x40;
        Assert.NotNull(Parse(fragment));
    }

    [Fact]
    public void Padding_behind_the_packet_is_no_payload()
    {
        var packet = RawPacket.V4(40_000, 8000, true, 9, 0x10, "ab"u8);
        Assert.Equal(("ab", 2), (Parse([.. packet, 0, 0, 0, 0])?.Payload, Parse([.. packet, 0, 0, 0, 0])?.Length));
        var bare = RawPacket.V4(40_000, 8000, true, 9, 0x10, []);
        Assert.Equal(("", 0), (Parse([.. bare, 0, 0, 0, 0, 0, 0])?.Payload, Parse([.. bare, 0, 0])?.Length));
    }

    [Fact]
    public void A_cut_packet_tells_how_long_its_payload_was()
    {
        var packet = RawPacket.V4(40_000, 8000, true, 9, 0x10, "abcdef"u8);
        Assert.Equal(("ab", 6), (Parse(packet[..^4])?.Payload, Parse(packet[..^4])?.Length));
        // Within the options: none of it is there.
        Assert.Equal(("", 6), (Parse(RawPacket.V4(1, 8000, true, 9, 0x10, "abcdef"u8, 0, 12)[..45])?.Payload, Parse(packet[..40])?.Length));
    }

    [Fact]
    public void A_packet_above_64_KiB_has_the_length_that_the_caller_tells()
    {
        var four = RawPacket.V4(40_000, 8000, false, 9, 0x10, "abc"u8, total: 0);
        Assert.Equal(200_000 - 40, Parse(four, 200_000)?.Length);
        var six = RawPacket.V6(8000, 40_000, 9, 0x10, "abc"u8, length: 0);
        Assert.Equal((200_000 - 60, "abc"), (Parse(six, 200_000)?.Length, Parse(six, 200_000)?.Payload));
    }

    [Fact]
    public void Other_ports_and_other_protocols_are_none_of_ours()
    {
        Assert.Null(Parse(RawPacket.V4(40_000, 8001, true, 9, 0x10, "abc"u8)));
        var udp = RawPacket.V4(40_000, 8000, true, 9, 0x10, "abc"u8);
        udp[9] = 17;
        Assert.Null(Parse(udp));
    }

    [Fact]
    public void Where_both_ports_are_watched_ones_the_handshake_or_the_direction_tells_who_serves()
    {
        var syn = Parse(RawPacket.V4(8080, 8000, true, 9, 0x02, []));
        Assert.Equal((true, (ushort)8000, false), (syn?.ToServer, syn?.Key.ServerPort, syn?.Guessed));
        var answer = Parse(RawPacket.V4(8080, 8000, false, 9, 0x12, []));
        Assert.Equal((false, (ushort)8000, false), (answer?.ToServer, answer?.Key.ServerPort, answer?.Guessed));
        Assert.True(Parse(RawPacket.V4(8080, 8000, true, 9, 0x10, "a"u8))?.Guessed);
        var sent = Parse(RawPacket.V4(8080, 8000, true, 9, 0x10, "a"u8), outgoing: true);
        Assert.Equal((false, (ushort)8080, false), (sent?.ToServer, sent?.Key.ServerPort, sent?.Guessed));
    }

    [Fact]
    public void A_call_to_the_same_port_elsewhere_is_none_of_this_server_and_loopback_shows_each_packet_once()
    {
        var request = RawPacket.V4(40_000, 8000, true, 9, 0x10, "abc"u8);
        Assert.Null(Parse(request, outgoing: true));
        Assert.NotNull(Parse(request, outgoing: false));
        var answer = RawPacket.V4(40_000, 8000, false, 9, 0x10, "abc"u8);
        Assert.NotNull(Parse(answer, outgoing: true));
        Assert.Null(Parse(answer, outgoing: false));
    }

    [Fact]
    public void IPv4_addresses_are_those_mapped_into_IPv6() =>
        Assert.Equal(FlowKey.Address([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]), FlowKey.Address([10, 0, 0, 1]));

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        var valid = Gen.OneOf(
            Gen.Int[0, 40].Select(o => RawPacket.V4(40_000, 8000, true, 9, 0x18, "GET / HTTP/1.1"u8, o / 8 * 4, o / 8 * 4)),
            Gen.Const(RawPacket.V6(40_000, 8000, 5, 0x10, "abc"u8, 0, [43, 0, 1, 4, 0, 0, 0, 0, 60, 1, .. new byte[14], 6, 0, .. new byte[6]])));
        var mutated = Gen.Select(valid, Gen.Select(Gen.Int[0, 99], Gen.Byte).Array[0, 4], Gen.Int[0, 120]).Select((packet, changes, cut) =>
        {
            foreach (var (at, value) in changes)
                packet[at % packet.Length] = value;
            return packet[..Math.Min(cut, packet.Length)];
        });
        Gen.Select(Gen.OneOf(mutated, Gen.Byte.Array[0, 100]), Gen.OneOf(Gen.Int[0, 200], Gen.Int)).Sample((packet, length) =>
            !PacketReader.TryRead(packet, length, null, Ports, At, out var s) || s.Length >= s.Payload.Length && s.Payload.Length <= packet.Length, iter: 50_000);
    }
}
