using Headroom.Observe.Activity.Framing;
using static Headroom.Tests.Observe.Activity.Framing.Http2Bytes;

namespace Headroom.Tests.Observe.Activity.Framing;

public sealed class Http2FramingTests
{
    [Fact]
    public void An_idle_connection_is_idle()
    {
        var talk = Http2Talk.Greeted();
        for (var i = 0; i < 100; i++)
            talk.Client(Ping()).Server(Ping(ack: true), WindowUpdate(0)).Client(WindowUpdate(0)).Server(Frame((Http2Type)0xEE, 0xFF, 0, 1, 2, 3));
        Assert.Equal((0, 0L, FramingState.Reading), (talk.InFlight, talk.Framing.Requests, talk.State));
    }

    [Fact]
    public void A_unary_call_is_in_flight_from_its_headers_to_its_trailers()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        Assert.Equal(1, talk.InFlight);
        talk.Client(Data(1, end: true)).Server(WindowUpdate(1), Answer(1), Data(1));
        Assert.Equal(1, talk.InFlight);
        talk.Server(Trailers(1));
        Assert.Equal((0, 1L), (talk.InFlight, talk.Framing.Requests));
    }

    [Fact]
    public void Cut_at_every_byte_it_is_the_same_conversation()
    {
        byte[] asks = [.. Hello, .. Ask(1), .. Data(1, 300, end: true), .. Ask(3, Health), .. Ping(), .. Reset(1), .. Ask(5)];
        byte[] answers = [.. Settings, .. SettingsAck, .. Answer(3), .. Trailers(3), .. Data(5), .. Ping(), .. GoAway(5), .. Data(5, 20, end: true)];
        for (var cut = 1; cut < asks.Length; cut++)
        {
            var talk = Http2Talk.New().Client(asks[..cut], []).Client(asks[cut..]);
            Assert.Equal((1, 2L, FramingState.Reading), (talk.InFlight, talk.Framing.Requests, talk.State));
            var at = cut % answers.Length;
            talk.Server(answers[..at]).Server(answers[at..]);
            Assert.Equal((0, FramingState.Reading), (talk.InFlight, talk.State));
        }
        var slow = Http2Talk.New();
        foreach (var one in asks)
            slow.Client([one]);
        foreach (var one in answers)
            slow.Server([one]);
        Assert.Equal((0, 2L, FramingState.Reading), (slow.InFlight, slow.Framing.Requests, slow.State));
    }

    [Fact]
    public void Many_streams_end_in_any_order()
    {
        var talk = Http2Talk.Greeted();
        for (var id = 1; id <= 199; id += 2)
            talk.Client(Ask(id, end: true));
        Assert.Equal(100, talk.InFlight);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(100 - i, talk.InFlight);
            talk.Server(Answer(1 + i * 37 % 100 * 2, end: true));
        }
        Assert.Equal(0, talk.InFlight);
    }

    [Fact]
    public void A_server_stream_is_in_flight_until_its_last_frame()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1), Data(1, end: true)).Server(Answer(1));
        for (var i = 0; i < 50; i++)
            Assert.Equal(1, talk.Server(Data(1, i)).InFlight);
        Assert.Equal(0, talk.Server(Data(1, 0, end: true)).InFlight);
    }

    [Fact]
    public void A_client_stream_is_one_request_and_its_trailers_are_no_new_one()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        for (var i = 0; i < 50; i++)
            talk.Client(Data(1, 1000));
        talk.Client(Trailers(1));
        Assert.Equal((1, 1L), (talk.InFlight, talk.Framing.Requests));
        Assert.Equal(0, talk.Server(Answer(1, end: true)).InFlight);
    }

    [Fact]
    public void Trailers_after_the_answer_open_nothing()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1)).Server(Answer(1, end: true)).Client(Data(1), Trailers(1));
        Assert.Equal((0, 1L, FramingState.Reading), (talk.InFlight, talk.Framing.Requests, talk.State));
    }

    [Fact]
    public void Interim_answers_end_nothing_and_pushes_are_nothing()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1, "/v1/chat/completions", end: true)).Server(Answer(1), Frame(Http2Type.PushPromise, EndHeaders, 1, 0, 0, 0, 2, 0x82));
        talk.Server(Answer(2), Data(2));
        Assert.Equal(1, talk.InFlight);
        Assert.Equal(0, talk.Server(Answer(1), Data(1, end: true)).InFlight);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reset_by_either_side_ends_a_request(bool byClient)
    {
        var talk = Http2Talk.Greeted().Client(Ask(1), Ask(3)).Server(Answer(1));
        _ = byClient ? talk.Client(Reset(1)) : talk.Server(Reset(1));
        Assert.Equal(1, talk.InFlight);
        // What was under way still arrives.
        Assert.Equal(1, talk.Server(Data(1), Data(1)).InFlight);
    }

    [Fact]
    public void After_goaway_streams_above_its_last_one_are_over()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1), Ask(3), Ask(5)).Server(GoAway(int.MaxValue));
        Assert.Equal(3, talk.InFlight);
        Assert.Equal(2, talk.Server(GoAway(3)).InFlight);
        Assert.Equal(2, talk.Client(Ask(7)).InFlight);
        Assert.Equal(0, talk.Server(Answer(1, end: true), Answer(3, end: true)).InFlight);
    }

    [Fact]
    public void After_the_servers_fin_nothing_is_in_flight()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1), Ask(3));
        talk.Framing.End(toServer: true);
        Assert.Equal(2, talk.InFlight);
        talk.Framing.End(toServer: false);
        Assert.Equal(0, talk.Client(Ask(5)).InFlight);
    }

    [Fact]
    public void A_health_check_never_counts_however_it_is_written()
    {
        const int kept = 2 << 3 | 1 << 5 | 1, indexed = 2;
        var (talk, encoder) = (Http2Talk.Greeted(), new HpackEncoder());
        foreach (var (id, form) in new[] { (1, 0), (3, 1), (5, kept), (7, indexed), (9, indexed) })
        {
            talk.Client(Headers(id, encoder.Field(":method", "POST", indexed).Field(":path", Health, form).Done()), Data(id, end: true));
            Assert.Equal(0, talk.InFlight);
            talk.Server(Answer(id), Data(id), Trailers(id));
        }
        Assert.Equal((0, 0L), (talk.InFlight, talk.Framing.Requests));
        talk.Client(Headers(11, encoder.Field(":method", "POST", indexed).Field(":path", Work, kept).Done()));
        Assert.Equal((1, 1L), (talk.InFlight, talk.Framing.Requests));
    }

    [Fact]
    public void Looks_of_plain_http_count_only_when_they_are_posted()
    {
        var talk = Http2Talk.Greeted("/stats").Client(Ask(1, "/stats", "GET", end: true), Ask(3, "/metrics", "HEAD", end: true));
        Assert.Equal(0, talk.InFlight);
        Assert.Equal(1, talk.Client(Ask(5, "/stats", "POST")).InFlight);
    }

    [Fact]
    public void A_check_whose_headers_are_not_whole_counts_until_they_are()
    {
        var ask = Ask(1, Health);
        var talk = Http2Talk.Greeted().Client(ask[..12]);
        Assert.Equal((1, 0L), (talk.InFlight, talk.Framing.Requests));
        Assert.Equal((0, 0L), (talk.Client(ask[12..]).InFlight, talk.Framing.Requests));
    }

    [Fact]
    public void A_block_in_many_frames_padded_and_with_priority_is_one_block()
    {
        var block = new HpackEncoder().Field(":method", "POST", 0).Field(":path", Health, 1).Done();
        byte[] first = [3, 0, 0, 0, 0, 16, .. block[..4], 0, 0, 0];
        var talk = Http2Talk.Greeted().Client(Frame(Http2Type.Headers, Http2Frame.Padded | Http2Frame.Priority, 1, first));
        Assert.Equal(1, talk.InFlight);
        talk.Client(Frame(Http2Type.Continuation, 0, 1), Frame(Http2Type.Continuation, 0, 1, block[4..6]), Frame(Http2Type.Continuation, EndHeaders, 1, block[6..]));
        Assert.Equal((0, FramingState.Reading), (talk.InFlight, talk.State));
    }

    [Fact]
    public void Headers_longer_than_anyone_takes_count_and_framing_goes_on()
    {
        var talk = Http2Talk.Greeted().Client(Frame(Http2Type.Headers, 0, 1, new byte[16 << 10]));
        for (var i = 0; i < 4; i++)
            talk.Client(Frame(Http2Type.Continuation, i == 3 ? EndHeaders : 0, 1, new byte[16 << 10]));
        Assert.Equal((1, 1L, FramingState.Reading), (talk.InFlight, talk.Framing.Requests, talk.State));
        Assert.Equal(0, talk.Server(Answer(1, end: true)).InFlight);
    }

    [Fact]
    public void Padding_longer_than_its_frame_counts_and_framing_goes_on()
    {
        var talk = Http2Talk.Greeted().Client(Frame(Http2Type.Headers, EndHeaders | Http2Frame.Padded, 1, 200, 0x82), Frame(Http2Type.Headers, EndHeaders | Http2Frame.Priority, 3, 0));
        Assert.Equal((2, FramingState.Reading), (talk.InFlight, talk.State));
        Assert.Equal(0, talk.Server(Reset(1), Reset(3)).InFlight);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense!", "")]
    [InlineData("", "HTTP/1.1 400 Bad Request\r\n")]
    public void Another_protocol_is_opaque(string client, string server)
    {
        var talk = Http2Talk.New();
        talk.Client(System.Text.Encoding.ASCII.GetBytes(client)).Server(System.Text.Encoding.ASCII.GetBytes(server));
        Assert.Equal((0, FramingState.Opaque), (talk.InFlight, talk.State));
        Assert.Equal((0, FramingState.Opaque), (talk.Client(Hello, Ask(1)).InFlight, talk.State));
    }

    [Fact]
    public void Frames_inside_of_a_header_block_are_no_http2()
    {
        var talk = Http2Talk.Greeted().Client(Frame(Http2Type.Headers, 0, 1, 0x83), Ping());
        Assert.Equal((0, FramingState.Opaque), (talk.InFlight, talk.State));
    }

    [Fact]
    public void More_streams_than_anyone_opens_are_opaque()
    {
        var talk = Http2Talk.Greeted();
        for (var i = 0; i < Http2Streams.Limit; i++)
            talk.Client(Ask(2 * i + 1));
        Assert.Equal((4096, FramingState.Reading), (talk.InFlight, talk.State));
        Assert.Equal((0, FramingState.Opaque), (talk.Client(Ask(9001)).InFlight, talk.State));
    }

    [Fact]
    public void A_framing_is_as_new_for_its_next_connection()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1), Ask(3));
        talk.Framing.Miss(toServer: true, 100);
        talk.Framing.Begin(joined: false);
        talk.Client(Hello, Ask(1)).Server(Settings);
        Assert.Equal((1, 1L, FramingState.Reading), (talk.InFlight, talk.Framing.Requests, talk.State));
    }

    [Fact]
    public void Nothing_is_allocated_in_steady_state()
    {
        var talk = Http2Talk.Greeted();
        byte[] ask = [.. Ask(1), .. Data(1, 900, end: true)], answer = [.. Answer(1), .. Data(1, 3000), .. Trailers(1)];
        void Round(int id)
        {
            foreach (var at in (ReadOnlySpan<int>)[5, ask.Length - 909 + 5])
                (ask[at], ask[at + 1], ask[at + 2], ask[at + 3]) = ((byte)(id >> 24), (byte)(id >> 16), (byte)(id >> 8), (byte)id);
            talk.Framing.Read(toServer: true, ask);
            if (talk.InFlight != 1)
                throw new InvalidOperationException("not seen");
            foreach (var at in (ReadOnlySpan<int>)[5, 15, 3024])
                (answer[at], answer[at + 1], answer[at + 2], answer[at + 3]) = ((byte)(id >> 24), (byte)(id >> 16), (byte)(id >> 8), (byte)id);
            talk.Framing.Read(toServer: false, answer.AsSpan(0, 100));
            talk.Framing.Read(toServer: false, answer.AsSpan(100));
        }
        for (var i = 0; i < 100; i++)
            Round(2 * i + 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 100; i < 1100; i++)
            Round(2 * i + 1);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((0, 1100L), (talk.InFlight, talk.Framing.Requests));
    }
}
