using System.Text;
using Headroom.Model;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>A watched server and its clients, segment by segment.</summary>
internal sealed class Wire
{
    public const ushort Port = 8000;
    private const uint FirstClientSeq = 1000, FirstServerSeq = 5000;

    public Wire(Func<FlowKey, bool>? isOwn = null) => Table = new FlowTable(new QuietPaths(null), isOwn ?? (_ => false), () => Http2);

    public FlowTable Table { get; }
    /// <summary>Of any HTTP/2 connection.</summary>
    public RecordingFraming Http2 { get; } = new();
    public MonoTime Now { get; private set; } = new(TimeSpan.FromHours(1));

    public static FlowKey KeyOf(ushort clientPort) => new(FlowKey.Address([10, 0, 0, 1]), clientPort, FlowKey.Address([10, 0, 0, 2]), Port);

    public Wire After(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        Table.Tick(Now);
        return this;
    }

    /// <summary>A connection whose handshake is seen.</summary>
    public WireTalk Open(ushort clientPort = 40_000, uint clientSeq = FirstClientSeq, uint serverSeq = FirstServerSeq)
    {
        var talk = new WireTalk(this, KeyOf(clientPort), clientSeq, serverSeq);
        talk.Raw(true, clientSeq++, TcpFlags.Syn, []);
        talk.Raw(false, serverSeq++, TcpFlags.Syn | TcpFlags.Ack, [], ack: clientSeq);
        talk.Raw(true, clientSeq, TcpFlags.Ack, []);
        return new WireTalk(this, talk.Key, clientSeq, serverSeq);
    }

    /// <summary>One that was there before.</summary>
    public WireTalk Joined(ushort clientPort = 40_000)
    {
        Table.Join(KeyOf(clientPort), Now);
        return new WireTalk(this, KeyOf(clientPort), FirstClientSeq, FirstServerSeq);
    }

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}

/// <summary>One connection as both sides' kernels would send it.</summary>
internal sealed class WireTalk(Wire wire, FlowKey key, uint clientSeq, uint serverSeq)
{
    public FlowKey Key => key;
    public uint ClientSeq { get; private set; } = clientSeq;
    public uint ServerSeq { get; private set; } = serverSeq;

    /// <returns>In flight at the server, then.</returns>
    public int Client(string text) => Send(true, Wire.Bytes(text));

    public int Server(string text) => Send(false, Wire.Bytes(text));

    public int Send(bool toServer, ReadOnlySpan<byte> bytes, TcpFlags flags = TcpFlags.Ack)
    {
        Raw(toServer, Skip(toServer, bytes.Length + ((flags & TcpFlags.Fin) != 0 ? 1 : 0)), flags, bytes);
        return wire.Table.InFlight;
    }

    /// <summary>Sent, and not seen.</summary>
    public uint Skip(bool toServer, int length)
    {
        var seq = toServer ? ClientSeq : ServerSeq;
        if (toServer)
            ClientSeq += (uint)length;
        else
            ServerSeq += (uint)length;
        return seq;
    }

    public void Skip(bool toServer, string text) => Skip(toServer, text.Length);

    public int End(bool toServer) => Send(toServer, [], TcpFlags.Fin | TcpFlags.Ack);

    public void Raw(bool toServer, uint seq, TcpFlags flags, ReadOnlySpan<byte> payload, uint ack = 0, int? length = null) => wire.Table.See(new Segment
    {
        Key = Key, ToServer = toServer, Seq = seq, Ack = ack, Flags = flags, Payload = payload, Length = length ?? payload.Length, At = wire.Now,
    });
}

/// <summary>Stands for HTTP/2, whose framing has tests of its own: what was read of either side.</summary>
internal sealed class RecordingFraming : IFraming
{
    public FramingState State => FramingState.Reading;
    public int InFlight => 0;
    public long Requests => 0;
    public List<byte> Clients { get; } = [];
    public List<byte> Servers { get; } = [];
    public bool? Joined { get; private set; }

    public void Begin(bool joined) => Joined = joined;
    public void Read(bool toServer, ReadOnlySpan<byte> bytes) => (toServer ? Clients : Servers).AddRange(bytes);
    public void Miss(bool toServer, long count) { }
    public void End(bool toServer) { }
}
