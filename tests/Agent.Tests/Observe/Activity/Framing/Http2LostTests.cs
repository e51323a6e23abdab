using Headroom.Observe.Activity.Framing;
using static Headroom.Tests.Observe.Activity.Framing.Http2Bytes;

namespace Headroom.Tests.Observe.Activity.Framing;

public sealed class Http2LostTests
{
    [Fact]
    public void Bytes_missed_inside_of_a_body_do_no_harm()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1), Data(1, 1000)[..200]);
        talk.Framing.Miss(toServer: true, 709);
        Assert.Equal((2, FramingState.Reading), (talk.Client(Data(1, 100)[9..], Ask(3)).InFlight, talk.State));
        talk.Server(Data(1, 5000)[..9]);
        talk.Framing.Miss(toServer: false, 5000);
        talk.Server(Data(1, 10, end: true), Answer(3, end: true));
        Assert.Equal((0, FramingState.Reading), (talk.InFlight, talk.State));
    }

    [Fact]
    public void Headers_that_were_missed_in_part_count_and_those_after_them_are_read()
    {
        var ask = Ask(1, Health);
        var talk = Http2Talk.Greeted().Client(ask[..20]);
        talk.Framing.Miss(toServer: true, ask.Length - 20);
        Assert.Equal((1, 1L, FramingState.Reading), (talk.InFlight, talk.Framing.Requests, talk.State));
        talk.Server(Answer(1, end: true)).Client(Ask(3, Health));
        Assert.Equal((0, FramingState.Reading), (talk.InFlight, talk.State));
    }

    [Fact]
    public void A_missed_head_is_found_again_where_a_packet_begins_with_frames()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        talk.Framing.Miss(toServer: true, 500);
        Assert.Equal((1, FramingState.Lost), (talk.InFlight, talk.State));
        talk.Client(Data(1, 1400)[700..]).Client("some text of a body that goes on and on"u8.ToArray());
        Assert.Equal((1, FramingState.Lost), (talk.InFlight, talk.State));
        talk.Client(Ask(3), Data(3, end: true));
        // The client may have reset 1 in what was missed.
        Assert.Equal((2, FramingState.Lost), (talk.InFlight, talk.State));
        talk.Client(WindowUpdate(1));
        Assert.Equal((2, FramingState.Reading), (talk.InFlight, talk.State));
        Assert.Equal(0, talk.Server(Answer(3, end: true), Answer(1, end: true)).InFlight);
    }

    [Fact]
    public void A_request_whose_begin_was_missed_is_seen_by_its_answer()
    {
        var talk = Http2Talk.Greeted();
        talk.Framing.Miss(toServer: true, 200);
        Assert.Equal(0, talk.InFlight);
        Assert.Equal(1, talk.Server(Answer(1)).InFlight);
        Assert.Equal(0, talk.Server(Trailers(1)).InFlight);
    }

    [Fact]
    public void An_end_that_was_missed_holds_a_request_only_until_silence()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        talk.Framing.Miss(toServer: false, 60);
        Assert.Equal((1, FramingState.Lost), (talk.InFlight, talk.State));
        talk.Server(Ping()).Client(Ping(ack: true));
        Assert.Equal((1, FramingState.Lost), (talk.InFlight, talk.State));
        talk.Framing.Silence();
        Assert.Equal((0, FramingState.Reading), (talk.InFlight, talk.State));
        // It was not over after all.
        Assert.Equal(1, talk.Server(Answer(1)).InFlight);
        Assert.Equal(0, talk.Server(Trailers(1)).InFlight);
    }

    [Fact]
    public void Silence_takes_nothing_that_is_known_to_be_in_flight()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        talk.Framing.Miss(toServer: false, 60);
        talk.Server(Ping()).Client(Ask(3));
        talk.Framing.Silence();
        Assert.Equal((1, FramingState.Reading), (talk.InFlight, talk.State));
        Assert.Equal(0, talk.Server(Answer(3, end: true)).InFlight);
    }

    [Fact]
    public void On_a_busy_connection_an_end_that_was_missed_holds_a_request_only_for_a_while()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        talk.Framing.Miss(toServer: false, 60);
        for (var id = 3; id < 300; id += 2)
            talk.Client(Ask(id)).Server(Answer(id), Trailers(id));
        Assert.Equal((0, FramingState.Reading), (talk.InFlight, talk.State));
    }

    [Fact]
    public void On_a_connection_that_only_pings_too()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        talk.Framing.Miss(toServer: false, 60);
        for (var i = 0; i < 64; i++)
            talk.Client(Ping()).Server(Ping(ack: true));
        Assert.Equal((0, FramingState.Reading), (talk.InFlight, talk.State));
    }

    [Fact]
    public void Of_a_goaway_that_was_missed_in_part_any_stream_may_be_over()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1), Ask(3)).Server(GoAway(1)[..10]);
        talk.Framing.Miss(toServer: false, 7);
        Assert.Equal((2, FramingState.Lost), (talk.InFlight, talk.State));
        Assert.Equal(2, talk.Server(Answer(1)).InFlight);
        talk.Framing.Silence();
        Assert.Equal((1, FramingState.Reading), (talk.InFlight, talk.State));
    }

    [Fact]
    public void An_answer_that_goes_on_proves_that_its_end_was_not_missed()
    {
        var talk = Http2Talk.Greeted().Client(Ask(1));
        talk.Framing.Miss(toServer: false, 60);
        talk.Server(Data(1));
        Assert.Equal((1, FramingState.Reading), (talk.InFlight, talk.State));
        for (var id = 3; id < 300; id += 2)
            talk.Client(Ask(id)).Server(Answer(id), Trailers(id));
        Assert.Equal(1, talk.InFlight);
        Assert.Equal(0, talk.Server(Trailers(1)).InFlight);
    }

    [Fact]
    public void Joined_in_the_middle_it_begins_lost_and_idle_and_pings_find_it()
    {
        var talk = Http2Talk.Joined();
        Assert.Equal((0, FramingState.Lost), (talk.InFlight, talk.State));
        Assert.Equal(FramingState.Lost, talk.Client(Ping()).State);
        Assert.Equal((0, FramingState.Reading), (talk.Server(Ping(ack: true)).InFlight, talk.State));
        Assert.Equal(1, talk.Client(Ask(901)).InFlight);
        Assert.Equal(0, talk.Server(Answer(901), Trailers(901)).InFlight);
    }

    [Fact]
    public void Joined_in_the_middle_of_an_answer_it_is_in_flight_until_its_end()
    {
        var talk = Http2Talk.Joined().Server(Data(901, 20));
        Assert.Equal((1, 0L, FramingState.Lost), (talk.InFlight, talk.Framing.Requests, talk.State));
        Assert.Equal((1, FramingState.Reading), (talk.Client(WindowUpdate(0), WindowUpdate(901)).InFlight, talk.State));
        Assert.Equal(0, talk.Server(Trailers(901)).InFlight);
        Assert.Equal(0, talk.Server(Trailers(899)).InFlight);
    }

    [Fact]
    public void Joined_in_the_middle_checks_count_where_their_path_was_said_before_and_not_where_it_is_said_anew()
    {
        const int kept = 2 << 3 | 1 << 5, indexed = 2;
        var encoder = new HpackEncoder();
        byte[] Check(int id, int form) => Headers(id, encoder.Field(":method", "POST", 2).Field(":path", Health, form).Done());
        Check(1, kept);
        var talk = Http2Talk.Joined().Server(Ping());
        Assert.Equal(1, talk.Client(Check(3, indexed)).InFlight);
        Assert.Equal(0, talk.Server(Answer(3, end: true)).InFlight);
        Assert.Equal(0, talk.Client(Check(5, kept)).InFlight);
        Assert.Equal(0, talk.Client(Check(7, indexed)).Server(Answer(7), Trailers(7)).InFlight);
    }

    [Fact]
    public void A_wrong_guess_of_where_frames_begin_is_found_out()
    {
        var talk = Http2Talk.Joined().Client(Ping()).Server(Answer(7)).Server("no frame at all"u8.ToArray());
        Assert.Equal((1, FramingState.Lost), (talk.InFlight, talk.State));
        talk.Framing.Silence();
        Assert.Equal((0, FramingState.Lost), (talk.InFlight, talk.State));
        Assert.Equal(FramingState.Reading, talk.Server(Ping()).State);
    }

    [Fact]
    public void Bodies_are_not_taken_for_frames()
    {
        byte[][] bodies =
        [
            new byte[1400], [.. Enumerable.Repeat((byte)1, 1400)], [.. Enumerable.Range(0, 1400).Select(i => (byte)(i % 4 == 3 ? 1 : 0))],
            [.. Enumerable.Range(0, 1400).Select(i => (byte)(i % 4 == 0 ? i / 4 : 0))], [.. Enumerable.Range(0, 1400).Select(i => (byte)(i % 8 == 7 ? 1 : 0))],
            [.. Enumerable.Repeat("{\"id\": 1, \"text\": \"hello\"}\n"u8.ToArray(), 50).SelectMany(line => line)],
            [.. Enumerable.Range(0, 700).SelectMany(i => BitConverter.GetBytes((Half)(i * 0.01)))], [.. Enumerable.Range(0, 350).SelectMany(i => BitConverter.GetBytes(i * 0.5f))],
        ];
        foreach (var body in bodies)
        {
            for (var from = 0; from < 64; from++)
            {
                Assert.False(Http2Frame.Leads(toServer: true, body.AsSpan(from)));
                Assert.False(Http2Frame.Leads(toServer: false, body.AsSpan(from)));
            }
        }
    }

    [Fact]
    public void Frames_lead()
    {
        Assert.True(Http2Frame.Leads(toServer: false, [.. Data(7, 20)]));
        Assert.True(Http2Frame.Leads(toServer: true, [.. Ask(1), .. Data(1, 9000)[..500]]));
        Assert.True(Http2Frame.Leads(toServer: true, [.. Ping(), .. Ping(), 0, 0]));
        Assert.False(Http2Frame.Leads(toServer: true, [.. Data(1, 9000)[..500]]));
        Assert.False(Http2Frame.Leads(toServer: true, []));
        Assert.False(Http2Frame.Leads(toServer: true, [.. Data(1, 0, end: true)]));
        // The front of the block would be missing.
        Assert.False(Http2Frame.Leads(toServer: true, [.. Frame(Http2Type.Continuation, EndHeaders, 1, 0x83), .. Ping()]));
    }
}
