using Headroom.Model;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>What TCP does to a conversation, and what the watcher does not get to see.</summary>
public partial class FlowTableTests
{
    private const string Ask = "POST /v1/completions HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789";
    private const string Get = "GET /v1/thing HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
    private const string Stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    private readonly Wire _wire = new();

    [Fact]
    public void A_reset_ends_what_was_in_flight()
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        talk.Raw(true, talk.ClientSeq, TcpFlagsOf.Reset, []);
        Assert.Equal((FlightState.Idle, 0), (_wire.Table.State, _wire.Table.Connections));
    }

    [Fact]
    public void A_client_that_vanishes_is_dropped_with_its_socket()
    {
        var gone = _wire.Open();
        gone.Client(Ask);
        var waits = _wire.Open(40_001);
        waits.Client(Ask);
        var asOf = _wire.After(10).Now;
        _wire.Table.Reconcile([gone.Key, waits.Key], asOf);
        Assert.Equal(2, _wire.Table.InFlight);
        _wire.Table.Reconcile([waits.Key], _wire.After(10).Now);
        Assert.Equal((1, 1, 2L), (_wire.Table.InFlight, _wire.Table.Connections, _wire.Table.Requests));
    }

    [Fact]
    public void A_connection_younger_than_the_kernels_list_is_kept()
    {
        var asOf = _wire.Now;
        _wire.After(0.001);
        _wire.Open().Client(Ask);
        _wire.Table.Reconcile([], asOf);
        Assert.Equal(1, _wire.Table.InFlight);
    }

    [Fact]
    public void A_reset_that_the_kernel_did_not_believe_is_undone()
    {
        var talk = _wire.Open();
        talk.Raw(true, 77, TcpFlagsOf.Reset, []);
        Assert.Equal(0, _wire.Table.Connections);
        _wire.Table.Reconcile([talk.Key], _wire.After(1.9).Now);
        Assert.Equal(0, _wire.Table.Connections);
        _wire.Table.Reconcile([talk.Key], _wire.After(0.2).Now);
        Assert.Equal((1, FlightState.Idle), (_wire.Table.Connections, _wire.Table.State));
        Assert.Equal(1, talk.Client(Ask));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_four_tuple_used_again_at_once_is_a_new_connection()
    {
        var first = _wire.Open();
        first.Client(Ask[..20]);
        // No end was seen.
        var second = _wire.Open(40_000, clientSeq: 900_000, serverSeq: 3);
        Assert.Equal(0, _wire.Table.InFlight);
        second.Client(Ask);
        Assert.Equal(0, second.Server(Ok));
        second.End(true);
        second.End(false);
        Assert.Equal(0, _wire.Table.Connections);
        var third = _wire.Open(40_000, clientSeq: 5, serverSeq: 7);
        Assert.Equal(1, third.Client(Ask));
        // A late copy of its handshake is none.
        third.Raw(true, 5, TcpFlags.Syn, []);
        third.Raw(false, 7, TcpFlags.Syn | TcpFlags.Ack, [], ack: 6);
        Assert.Equal((1, 1, 2L), (_wire.Table.InFlight, _wire.Table.Connections, _wire.Table.Requests));
        Assert.Equal(0, third.Server(Ok));
    }

    [Fact]
    public void A_new_connection_whose_first_packet_was_missed_begins_with_the_servers()
    {
        _wire.Open().Client(Ask);
        var talk = new WireTalk(_wire, Wire.KeyOf(40_000), 700_001, 800_001);
        talk.Raw(false, 800_000, TcpFlags.Syn | TcpFlags.Ack, [], ack: 700_001);
        Assert.Equal(0, _wire.Table.InFlight);
        Assert.Equal(1, talk.Client("P"));
        talk.Client(Ask[1..]);
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void Sequence_numbers_may_wrap_around_anywhere()
    {
        for (uint before = 0; before < Ask.Length + 2; before++)
        {
            var talk = _wire.Open((ushort)(40_000 + before), clientSeq: 0u - before, serverSeq: 0u - before);
            foreach (var c in Ask)
                Assert.Equal(1, talk.Client(c.ToString()));
            talk.Server(Ok[..30]);
            Assert.Equal(0, talk.Server(Ok[30..]));
        }
    }

    [Fact]
    public void What_is_sent_again_is_read_once()
    {
        var talk = _wire.Open();
        var seq = talk.ClientSeq;
        talk.Client(Ask[..30]);
        talk.Raw(true, seq, TcpFlags.Ack, Wire.Bytes(Ask[..30]));
        // Again from its middle, and further.
        talk.Raw(true, seq + 10, TcpFlags.Ack, Wire.Bytes(Ask[10..50]));
        talk.Raw(true, seq, TcpFlags.Ack, Wire.Bytes(Ask));
        talk.Raw(true, seq, TcpFlags.Ack, Wire.Bytes(Ask));
        Assert.Equal((1, 1L), (_wire.Table.InFlight, _wire.Table.Requests));
        var answer = talk.ServerSeq;
        Assert.Equal(0, talk.Server(Ok));
        talk.Raw(false, answer, TcpFlags.Ack, Wire.Bytes(Ok));
        Assert.Equal((0, FlightState.Idle), (_wire.Table.InFlight, _wire.Table.State));
    }

    [Fact]
    public void Keep_alive_probes_are_no_data()
    {
        foreach (var talk in new[] { _wire.Open(), _wire.Joined(40_001) })
        {
            talk.Raw(true, talk.ClientSeq - 1, TcpFlags.Ack, [0]);
            talk.Raw(false, talk.ServerSeq - 1, TcpFlags.Ack, [0]);
            talk.Raw(true, talk.ClientSeq - 1, TcpFlags.Ack, []);
            Assert.Equal(FlightState.Idle, _wire.Table.State);
            Assert.Equal(1, talk.Client(Get));
            talk.Raw(true, talk.ClientSeq - 1, TcpFlags.Ack, [0]);
            Assert.Equal(0, talk.Server(Ok));
            Assert.Equal(FlightState.Idle, _wire.Table.State);
        }
    }

    [Fact]
    public void A_request_whose_segments_come_in_the_wrong_order_is_in_flight_until_its_answer()
    {
        var talk = _wire.Open();
        talk.Client(Get);
        talk.Server(Ok);
        var seq = talk.Skip(true, 30);
        Assert.Equal(1, talk.Client(Ask[30..]));
        talk.Raw(true, seq, TcpFlags.Ack, Wire.Bytes(Ask[..30]));
        Assert.Equal(1, _wire.Table.InFlight);
        Assert.Equal(0, talk.Server(Ok));
        Assert.Equal(1, talk.Client(Get));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void Bytes_missed_inside_of_a_body_do_no_harm()
    {
        var talk = _wire.Open();
        talk.Client("POST /a HTTP/1.1\r\nContent-Length: 5000\r\n\r\n");
        talk.Skip(true, 3000);
        Assert.Equal(1, talk.Client(new string('x', 2000)));
        talk.Server(Stream + "2000\r\n");
        talk.Skip(false, 0x2000);
        Assert.Equal(1, talk.Server("\r\n3\r\nabc\r\n"));
        Assert.Equal(0, talk.Server("0\r\n\r\n"));
        Assert.Equal(1, talk.Client(Get));
        talk.Server(Ok[..^5]);
        talk.Skip(false, 5);
        talk.Raw(false, talk.ServerSeq, TcpFlags.Ack, []);
        // Its last bytes were missed: the next segment shows that.
        Assert.Equal(2, talk.Client(Get));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Theory]
    [InlineData("0\r\n\r\n")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n")]
    public void A_stream_that_lost_a_chunks_header_ends_with_the_last_chunk(string last)
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        talk.Server(Stream + "5\r\nhello\r\n");
        talk.Skip(false, 10);
        Assert.Equal(1, talk.Server("5\r\nhello\r\n"));
        Assert.Equal(0, talk.Server(last));
        Assert.Equal(1, talk.Client(Ask));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_lost_stream_ends_with_the_clients_next_request_or_after_5_seconds_of_silence()
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        talk.Server(Stream);
        talk.Skip(false, 10);
        talk.Server("5\r\nhello\r\n");
        Assert.Equal(1, _wire.After(4.9).Table.InFlight);
        Assert.Equal(0, _wire.After(0.2).Table.InFlight);
        // Tokens again: it had not ended.
        Assert.Equal(1, talk.Server("5\r\nhello\r\n"));
        Assert.Equal(1, talk.Client(Get));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_request_of_which_a_part_is_missing_may_think_for_a_minute()
    {
        var talk = _wire.Open();
        talk.Skip(true, 20);
        talk.Client(Ask[20..]);
        Assert.Equal(FlightState.Unknown, _wire.Table.State);
        var known = _wire.Open(40_001);
        known.Client(Get);
        known.Server(Ok);
        known.Skip(true, 20);
        Assert.Equal(1, known.Client(Ask[20..]));
        Assert.Equal(1, _wire.After(59).Table.InFlight);
        Assert.Equal((0, FlightState.Idle), (_wire.After(2).Table.InFlight, _wire.Table.State));
    }

    [Fact]
    public void Drops_by_the_kernel_cast_doubt_on_every_connection_until_it_speaks()
    {
        var quiet = _wire.Open();
        quiet.Client(Ask);
        quiet.Server(Ok[..5]);
        var thinks = _wire.Open(40_001);
        _wire.Table.Missed(_wire.Now);
        thinks.Client(Ask);
        Assert.Equal(2, _wire.After(4).Table.InFlight);
        Assert.Equal(1, _wire.After(50).Table.InFlight);
        Assert.Equal(0, thinks.Server(Ok));
        // Nothing of this one was dropped, as its next segments tell.
        Assert.Equal(1, thinks.Client(Ask));
        Assert.Equal(1, _wire.After(100).Table.InFlight);
    }

    [Fact]
    public void After_drops_a_bare_acknowledgement_tells_that_the_answer_went_by()
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        talk.Server(Ok[..^4]);
        talk.Skip(false, 4);
        _wire.Table.Missed(_wire.Now);
        talk.Raw(false, talk.ServerSeq, TcpFlags.Ack, []);
        Assert.Equal(0, _wire.Table.InFlight);
    }

    [Fact]
    public void A_request_whose_whole_answer_was_missed_ends_with_the_next_answer()
    {
        var talk = _wire.Open();
        talk.Client("OPTIONS / HTTP/1.1\r\n\r\n");
        talk.Skip(false, Ok);
        Assert.Equal(1, talk.Client(Get));
        talk.Skip(false, Ok);
        Assert.Equal(2, talk.Client(Ask));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_joined_servers_first_answer_seen_is_that_to_the_last_request()
    {
        var talk = _wire.Joined();
        Assert.Equal(1, talk.Client(Get));
        talk.Skip(false, Ok);
        Assert.Equal(1, talk.Client(Ask));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_request_seen_whole_only_after_its_answer_ends_with_the_next_one()
    {
        var talk = _wire.Open();
        talk.Client("H");
        talk.Server("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
        talk.Client("EAD / HTTP/1.1\r\n\r\n");
        Assert.Equal(1, talk.Client(Get));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_request_first_seen_after_its_answer_sent_again_ends_with_the_next_one()
    {
        var talk = _wire.Open();
        var seq = talk.Skip(true, Get.Length);
        Assert.Equal(0, talk.Server(Ok));
        talk.Raw(true, seq, TcpFlags.Ack, Wire.Bytes(Get));
        Assert.Equal(1, _wire.Table.InFlight);
        Assert.Equal(1, talk.Client(Ask));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_packet_captured_to_less_than_its_length_misses_the_rest()
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        var head = "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n";
        talk.Raw(false, talk.Skip(false, 60_000 + head.Length), TcpFlags.Ack, Wire.Bytes(head + "some"), length: 60_000 + head.Length);
        Assert.Equal((0, FlightState.Idle), (_wire.Table.InFlight, _wire.Table.State));
    }

    [Fact]
    public void The_agents_own_calls_never_count()
    {
        var asked = 0;
        var wire = new Wire(key =>
        {
            asked++;
            return key.ClientPort == 40_000;
        });
        var own = wire.Open();
        Assert.Equal(0, asked);
        Assert.Equal(0, own.Client(Ask));
        Assert.Equal(0, own.Client("\u0016\u0003\u0001"));
        Assert.Equal((0, FlightState.Idle, 0L), (wire.Table.Connections, wire.Table.State, wire.Table.Requests));
        Assert.Equal(1, wire.Open(40_001).Client(Ask));
        Assert.Equal(2, asked);
        // Its port, given to somebody else later.
        own.End(true);
        own.End(false);
        own = wire.Open(40_000, 1, 2);
        Assert.Equal(3, own.Client(Ask) + asked - 1);
    }

    [Fact]
    public void Where_both_ports_are_watched_ones_the_known_connection_tells_who_serves()
    {
        var talk = _wire.Open();
        _wire.Table.See(new Segment
        {
            Key = talk.Key.Turned, ToServer = false, Guessed = true, Seq = talk.ClientSeq, Flags = TcpFlags.Ack, Payload = Wire.Bytes(Get), Length = Get.Length, At = _wire.Now,
        });
        Assert.Equal((1, 1), (_wire.Table.InFlight, _wire.Table.Connections));
    }

    [Fact]
    public void What_comes_after_the_end_begins_no_connection()
    {
        var talk = _wire.Open();
        talk.Client(Get);
        var seq = talk.Skip(false, Ok.Length + 1);
        talk.Raw(false, seq, TcpFlagsOf.Close, Wire.Bytes(Ok));
        talk.End(true);
        talk.Raw(false, seq, TcpFlagsOf.Close, Wire.Bytes(Ok));
        talk.Raw(true, talk.ClientSeq, TcpFlags.Ack, []);
        Assert.Equal((0, FlightState.Idle), (_wire.Table.Connections, _wire.Table.State));
        talk.Raw(true, talk.ClientSeq, TcpFlags.Ack, []);
        Assert.Equal(0, _wire.After(3).Table.Connections);
    }

    [Fact]
    public void A_flood_of_connections_makes_the_server_unknown_until_they_are_gone()
    {
        for (var i = 0; i <= FlowTable.Most; i++)
            _wire.Table.Join(new FlowKey((UInt128)i, 1, 2, Wire.Port), _wire.Now);
        Assert.Equal((FlowTable.Most, FlightState.Unknown), (_wire.Table.Connections, _wire.Table.State));
        _wire.Table.Reconcile([], _wire.After(1).Now);
        Assert.Equal((0, FlightState.Idle), (_wire.Table.Connections, _wire.Table.State));
    }
}
