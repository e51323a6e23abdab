using Headroom.Model;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

// Connections that were there before the watcher, and what they speak.
public partial class FlowTableTests
{
    private static readonly byte[] SettingsFrame = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];

    [Fact]
    public void A_connection_joined_in_the_middle_begins_with_nothing_in_flight()
    {
        var talk = _wire.Joined();
        Assert.Equal((FlightState.Idle, 1, 1), (_wire.Table.State, _wire.Table.Connections, _wire.Table.Unreadable));
        // Inside of an answer that nobody has seen begin: unknown as long as it talks.
        talk.Server("ello, wor");
        Assert.Equal(FlightState.Unknown, _wire.Table.State);
        Assert.Equal(FlightState.Idle, _wire.After(5).Table.State);
        Assert.Equal(1, talk.Client(Get));
        Assert.Equal((FlightState.InFlight, 0), (_wire.Table.State, _wire.Table.Unreadable));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void A_connection_joined_before_an_answer_is_in_flight_until_its_end()
    {
        var talk = _wire.Joined();
        Assert.Equal(1, talk.Server(Stream + "5\r\nhello\r\n"));
        Assert.Equal(0, talk.Server("0\r\n\r\n"));
        Assert.Equal(0, talk.Client("GET /health HTTP/1.1\r\n\r\n"));
        Assert.Equal(0, talk.Server(Ok));
    }

    [Fact]
    public void TLS_joined_in_the_middle_is_known_by_its_records()
    {
        _wire.Joined().Server("\u0017\u0003\u0003\u0000\u0005hello");
        Assert.Equal(FlightState.Unknown, _wire.After(1000).Table.State);
    }

    [Fact]
    public void HTTP2_is_known_by_its_preface_however_it_is_cut()
    {
        const string begin = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        var talk = _wire.Open();
        foreach (var c in begin)
            talk.Client(c.ToString());
        talk.Send(true, SettingsFrame);
        Assert.Equal([.. Wire.Bytes(begin), .. SettingsFrame], _wire.Http2.Clients);
        Assert.Equal((FlightState.Idle, false), (_wire.Table.State, _wire.Http2.Joined));
    }

    [Fact]
    public void HTTP2_servers_may_speak_first()
    {
        var talk = _wire.Open();
        talk.Send(false, SettingsFrame.AsSpan(0, 4));
        Assert.Equal(FlightState.Idle, _wire.Table.State);
        talk.Client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        talk.Send(false, SettingsFrame.AsSpan(4));
        Assert.Equal(SettingsFrame, _wire.Http2.Servers);
        Assert.Equal(24, _wire.Http2.Clients.Count);
    }

    [Fact]
    public void HTTP2_joined_in_the_middle_is_known_by_a_chain_of_frames()
    {
        var talk = _wire.Joined();
        byte[] chain = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        talk.Send(true, chain.AsSpan(1));
        Assert.Equal(FlightState.Unknown, _wire.Table.State);
        talk.Send(true, chain);
        Assert.Equal((FlightState.Idle, true), (_wire.Table.State, _wire.Http2.Joined));
    }

    [Fact]
    public void Servers_that_speak_first_are_opaque()
    {
        _wire.Open().Server("220 mail ready\r\n");
        Assert.Equal(FlightState.Unknown, _wire.Table.State);
    }
}
