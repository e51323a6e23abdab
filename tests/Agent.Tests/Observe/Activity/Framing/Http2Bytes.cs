using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>Frames of HTTP/2, byte by byte.</summary>
internal static class Http2Bytes
{
    public const byte End = Http2Frame.EndStream, EndHeaders = Http2Frame.EndHeaders;
    public const string Health = "/grpc.health.v1.Health/Check";
    public const string Work = "/chat.Chat/Talk";

    public static byte[] Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();
    public static byte[] Settings => Frame(Http2Type.Settings, 0, 0, [0, 4, 0, 1, 0, 0]);
    public static byte[] SettingsAck => Frame(Http2Type.Settings, Http2Frame.Ack, 0);
    /// <summary>What a client sends first.</summary>
    public static byte[] Hello => [.. Preface, .. Settings, .. WindowUpdate(0)];

    public static byte[] Frame(Http2Type type, int flags, int stream, params byte[] payload) =>
    [
        (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, (byte)type, (byte)flags,
        (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream, .. payload,
    ];

    /// <summary>A request without a memory: its headers are literal, and nothing is kept.</summary>
    public static byte[] Ask(int stream, string path = Work, string method = "POST", bool end = false) =>
        Headers(stream, new HpackEncoder().Field(":method", method, 0).Field(":path", path, 0).Done(), end);

    public static byte[] Headers(int stream, byte[] block, bool end = false) => Frame(Http2Type.Headers, EndHeaders | (end ? End : 0), stream, block);
    public static byte[] Data(int stream, int length = 5, bool end = false) =>
        Frame(Http2Type.Data, end ? End : 0, stream, [.. Enumerable.Range(0, length).Select(i => (byte)(0x20 + i % 90))]);
    public static byte[] Reset(int stream) => Frame(Http2Type.Reset, 0, stream, [0, 0, 0, 8]);
    public static byte[] WindowUpdate(int stream) => Frame(Http2Type.WindowUpdate, 0, stream, [0, 0, 0x40, 0]);
    public static byte[] Ping(bool ack = false) => Frame(Http2Type.Ping, ack ? Http2Frame.Ack : 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]);
    public static byte[] GoAway(int last) => Frame(Http2Type.GoAway, 0, 0, [(byte)(last >> 24), (byte)(last >> 16), (byte)(last >> 8), (byte)last, 0, 0, 0, 0]);

    /// <summary>Of a server: 200 by its static index.</summary>
    public static byte[] Answer(int stream, bool end = false) => Headers(stream, [0x88], end);
    /// <summary>The head of trailers: <c>grpc-status: 0</c>.</summary>
    public static byte[] Trailers(int stream) => Headers(stream, new HpackEncoder().Field("grpc-status", "0", 0).Done(), end: true);
}

/// <summary>One connection and the framing that looks at it.</summary>
internal sealed class Http2Talk
{
    private Http2Talk(bool joined, string? metrics)
    {
        Framing = new Http2Framing(new QuietPaths(metrics));
        Framing.Begin(joined);
    }

    public Http2Framing Framing { get; }
    public int InFlight => Framing.InFlight;
    public FramingState State => Framing.State;

    /// <summary>From its first byte, greetings exchanged.</summary>
    public static Http2Talk Greeted(string? metrics = null) =>
        new Http2Talk(joined: false, metrics).Client(Http2Bytes.Hello).Server(Http2Bytes.Settings, Http2Bytes.SettingsAck).Client(Http2Bytes.SettingsAck);

    public static Http2Talk New() => new(joined: false, null);
    public static Http2Talk Joined() => new(joined: true, null);

    /// <summary>In one packet.</summary>
    public Http2Talk Client(params byte[][] frames) => Say(toServer: true, frames);
    public Http2Talk Server(params byte[][] frames) => Say(toServer: false, frames);

    private Http2Talk Say(bool toServer, byte[][] frames)
    {
        Framing.Read(toServer, frames.SelectMany(frame => frame).ToArray());
        return this;
    }
}
