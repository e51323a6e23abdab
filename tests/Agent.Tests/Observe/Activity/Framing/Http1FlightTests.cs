using Headroom.Model;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>HTTP/1 as model servers and their clients speak it: when is a request in flight.</summary>
public class Http1FlightTests
{
    private const string Ask = "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    private const string Get = "GET /v1/thing HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

    private readonly Wire _wire = new();

    [Fact]
    public void Keep_alive_is_in_flight_from_each_requests_first_byte_to_its_answers_last()
    {
        var talk = _wire.Open();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(0, _wire.Table.InFlight);
            Assert.Equal(1, talk.Client("P"));
            Assert.Equal(1, talk.Client(Ask[1..]));
            Assert.Equal(1, talk.Server(Ok[..^1]));
            Assert.Equal(0, talk.Server(Ok[^1..]));
        }
        Assert.Equal(3, _wire.Table.Requests);
        Assert.Equal(FlightState.Idle, _wire.Table.State);
    }

    [Fact]
    public void Pipelined_requests_are_answered_in_their_order()
    {
        var talk = _wire.Open();
        Assert.Equal(3, talk.Client(Ask + "HEAD /x HTTP/1.1\r\n\r\n" + Get));
        Assert.Equal(2, talk.Server(Ok));
        // HEAD: a length, and no body.
        Assert.Equal(1, talk.Server("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"));
        Assert.Equal(2, talk.Client(Get));
        Assert.Equal(0, talk.Server(Ok + Ok));
    }

    [Fact]
    public void A_stream_is_in_flight_through_a_silent_prefill_and_between_tokens()
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        for (var second = 0; second < 300; second++)
            Assert.Equal(1, _wire.After(1).Table.InFlight);
        talk.Server(Stream);
        for (var token = 0; token < 60; token++)
        {
            _wire.After(0.05);
            Assert.Equal(1, talk.Server("f\r\ndata: {\"a\":1}\n\n\r\n"));
        }
        Assert.Equal(1, _wire.After(30).Table.InFlight);
        Assert.Equal(0, talk.Server("0\r\n\r\n"));
    }

    [Fact]
    public void Chunks_may_be_cut_anywhere_and_have_extensions_and_trailers()
    {
        var answer = Stream + "5;name=\"v\"\r\nhello\r\n00A\r\n0\r\n\r\n01234\r\n0\r\nChecksum: 1\r\nOther: 2\r\n\r\n";
        for (var cut = 1; cut < answer.Length; cut++)
        {
            var talk = _wire.Open((ushort)(40_000 + cut));
            talk.Client(Ask);
            Assert.Equal(1, talk.Server(answer[..cut]));
            Assert.Equal(0, talk.Server(answer[cut..]));
        }
        var bytes = _wire.Open(39_999);
        bytes.Client(Ask);
        foreach (var c in answer[..^1])
            Assert.Equal(1, bytes.Server(c.ToString()));
        Assert.Equal(0, bytes.Server("\n"));
    }

    [Fact]
    public void A_chunk_of_many_packets_of_64_KiB_is_skipped_by_its_size()
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        talk.Server(Stream + "100000\r\n");
        // 1 MiB that looks like the end of it.
        var part = Wire.Bytes(string.Concat(Enumerable.Repeat("\r\n0\r\n\r\n_", 8192)));
        for (var i = 0; i < 16; i++)
            Assert.Equal(1, talk.Send(false, part));
        Assert.Equal(0, talk.Server("\r\n0\r\n\r\n"));
    }

    [Theory]
    [InlineData("204 No Content\r\n\r\n")]
    [InlineData("304 Not Modified\r\nContent-Length: 10\r\n\r\n")]
    [InlineData("200 OK\r\ncontent-length:0\r\n\r\n")]
    [InlineData("200 OK\nCONTENT-LENGTH: 0\n\n")]
    public void An_answer_may_have_no_body(string answer)
    {
        var talk = _wire.Open();
        talk.Client(Get);
        Assert.Equal(0, talk.Server("HTTP/1.1 " + answer));
    }

    [Fact]
    public void An_answer_without_length_ends_with_the_servers_close()
    {
        var talk = _wire.Open();
        talk.Client("GET /v1/thing HTTP/1.0\r\n\r\n");
        Assert.Equal(1, talk.Server("HTTP/1.0 200 OK\r\n\r\nabc"));
        Assert.Equal(1, talk.Server("def"));
        Assert.Equal(0, talk.End(toServer: false));
    }

    [Fact]
    public void An_early_answer_ends_its_request_and_the_rest_of_its_body_is_no_new_one()
    {
        var talk = _wire.Open();
        Assert.Equal(1, talk.Client("POST /big HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + new string('x', 100)));
        Assert.Equal(0, talk.Server("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal(0, talk.Client(new string('G', 900)));
        Assert.Equal(1, talk.Client(Get));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void Expect_continue_waits_for_100_which_is_no_answer()
    {
        var talk = _wire.Open();
        Assert.Equal(1, talk.Client("POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
        Assert.Equal(1, talk.Server("HTTP/1.1 100 Continue\r\n\r\n"));
        Assert.Equal(1, talk.Client("GET /"));
        Assert.Equal(1, talk.Server("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"));
        Assert.Equal(0, talk.Server(Ok));
        Assert.Equal(1, _wire.Table.Requests);
    }

    [Fact]
    public void A_client_refused_before_its_announced_body_goes_on_with_its_next_request()
    {
        var talk = _wire.Open();
        talk.Client("POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
        Assert.Equal(0, talk.Server("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal(1, talk.Client(Get));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_WebSocket_is_opaque_for_ever_and_its_server_unknown()
    {
        var talk = _wire.Open();
        Assert.Equal(1, talk.Client("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
        Assert.Equal(0, talk.Server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u0081\u0005hello"));
        Assert.Equal(FlightState.Unknown, _wire.Table.State);
        talk.Client(Get);
        Assert.Equal((FlightState.Unknown, 1), (_wire.After(60).Table.State, _wire.Table.Unreadable));
        talk.End(true);
        talk.End(false);
        Assert.Equal(FlightState.Idle, _wire.Table.State);
    }

    [Fact]
    public void A_tunnel_is_opaque_once_granted()
    {
        var talk = _wire.Open();
        talk.Client("CONNECT a:443 HTTP/1.1\r\n\r\n");
        Assert.Equal(0, talk.Server("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal(FlightState.Idle, _wire.Table.State);
        talk.Client("CONNECT a:443 HTTP/1.1\r\n\r\n");
        talk.Server("HTTP/1.1 200 OK\r\n\r\n");
        Assert.Equal(FlightState.Unknown, _wire.Table.State);
    }

    [Fact]
    public void Looks_are_not_in_flight_and_do_not_count()
    {
        var talk = _wire.Open();
        Assert.Equal(0, talk.Client("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal(0, talk.Server(Stream + "3\r\nabc\r\n"));
        Assert.Equal(0, talk.Server("0\r\n\r\n"));
        // Cut: in flight until the path is known.
        Assert.Equal(1, talk.Client("GET /hea"));
        Assert.Equal(0, talk.Client("lth HTTP/1.1\r\n"));
        Assert.Equal(0, talk.Client("\r\n"));
        Assert.Equal(0, talk.Server(Ok));
        Assert.Equal(1, talk.Client("POST /health HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal(0, talk.Server(Ok));
        Assert.Equal(1, _wire.Table.Requests);
    }

    [Fact]
    public void A_408_to_an_idle_connection_is_nobodys_answer()
    {
        var talk = _wire.Open();
        Assert.Equal(0, talk.Server("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"));
        Assert.Equal(FlightState.Idle, _wire.Table.State);
        var used = _wire.Open(40_001);
        used.Client(Get);
        used.Server(Ok);
        Assert.Equal(0, used.Server("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal(0, used.End(false));
    }

    [Fact]
    public void A_half_closed_client_still_waits_for_its_answer()
    {
        var talk = _wire.Open();
        talk.Client(Ask);
        Assert.Equal(1, talk.End(toServer: true));
        Assert.Equal(1, talk.Server(Ok[..^1]));
        Assert.Equal(0, talk.Server(Ok[^1..]));
    }

    [Fact]
    public void A_head_line_longer_than_any_buffer_is_skipped()
    {
        var talk = _wire.Open();
        var head = "GET /v1/a?" + new string('q', 40_000) + " HTTP/1.1\r\nCookie: " + new string('c', 70_000) + "\r\n\r\n";
        for (var at = 0; at < head.Length; at += 1000)
            Assert.Equal(1, talk.Client(head[at..Math.Min(head.Length, at + 1000)]));
        Assert.Equal(0, talk.Server(Ok));
        Assert.Equal(FlightState.Idle, _wire.Table.State);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9\r\n")]
    [InlineData("*1\r\n$4\r\nPING\r\n")]
    [InlineData("GET /\r\n")]
    [InlineData("GET / RTSP/1.0\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003")]
    public void Other_protocols_and_TLS_make_the_server_unknown_while_they_are_connected(string first)
    {
        var other = _wire.Open();
        Assert.Equal(0, other.Client(first));
        var http = _wire.Open(40_001);
        Assert.Equal(1, http.Client(Get));
        Assert.Equal((FlightState.Unknown, 2, 1), (_wire.After(100).Table.State, _wire.Table.Connections, _wire.Table.Unreadable));
        other.Raw(false, other.ServerSeq, TcpFlagsOf.Reset, []);
        Assert.Equal((FlightState.InFlight, 1, 0), (_wire.Table.State, _wire.Table.Connections, _wire.Table.Unreadable));
    }

    [Fact]
    public void Idle_pools_are_idle()
    {
        for (ushort i = 0; i < 200; i++)
        {
            var talk = _wire.Open((ushort)(40_000 + i));
            if (i % 2 == 0)
                continue;
            talk.Client(Get);
            talk.Server(Ok);
        }
        Assert.Equal((FlightState.Idle, 200, 0), (_wire.After(3600).Table.State, _wire.Table.Connections, _wire.Table.Unreadable));
    }
}
