using CsCheck;
using Headroom.Model;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>Random conversations, cut, repeated, dropped and swapped at random.</summary>
public class FramingProperties
{
    /// <summary>One request and its answer.</summary>
    /// <param name="Early">The answer comes before the request's last bytes.</param>
    private sealed record Exchange(string Request, string Answer, bool Quiet = false, bool Early = false);

    private const string Evil = "\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nPOST / HTTP/1.1\r\n\r\n";

    private static readonly Exchange[] Kinds =
    [
        new("GET /v1/a HTTP/1.1\r\nHost: b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n1234567"),
        new($"POST /v1/a HTTP/1.1\r\ncontent-length: {Evil.Length}\r\n\r\n{Evil}", $"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: {Evil.Length}\r\n\r\n{Evil}"),
        new($"POST /v1/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{Evil.Length:x}\r\n{Evil}\r\n0\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"),
        new("POST /v1/a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", $"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n{Evil.Length:X}\r\n{Evil}\r\n0\r\nTrailer: 1\r\n\r\n"),
        new("HEAD /v1/a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        new("DELETE /v1/a HTTP/1.1\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"),
        new("\r\nGET /v1/a HTTP/1.1\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"),
        new("PUT /v1/a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
        new("GET /v1/a?b=c HTTP/1.1\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
        new("GET /metrics HTTP/1.1\r\nAccept: */*\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n", Quiet: true),
        new("OPTIONS /v1/a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Quiet: true),
        new($"POST /v1/a HTTP/1.1\r\nContent-Length: 60\r\n\r\n{new string('G', 60)}", "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", Early: true),
    ];

    private const string Marks = "\r\n\r\n0123 /:;GETPOSHhunked1.";
    private static readonly byte[] Flags = [0x10, 0x10, 0x10, 0x10, 0x11, 0x02, 0x12, 0x14, 0xFF];

    private static readonly Gen<int[]> Kind = Gen.Int[0, Kinds.Length - 1].Array[1, 6];

    [Fact]
    public void At_every_boundary_of_messages_as_many_are_in_flight_as_were_begun_and_not_answered() =>
        Gen.Select(Kind, Gen.Int[1, 3], Gen.Int).Sample((kinds, depth, seed) =>
        {
            var random = new Random(seed);
            var wire = new Wire();
            var talk = new Rough(wire.Open(clientSeq: (uint)random.Next(-500, 500), serverSeq: (uint)random.Next(-500, 500)), random) { Repeats = true };
            for (var at = 0; at < kinds.Length; at += depth)
            {
                var group = kinds[at..Math.Min(kinds.Length, at + depth)].Select(k => Kinds[k]).ToArray();
                // Pipelined; one that is answered early is the last one.
                var early = Array.FindIndex(group, e => e.Early);
                if (early >= 0)
                    group = group[..(early + 1)];
                var waiting = 0;
                foreach (var exchange in group)
                {
                    talk.Say(true, exchange.Early ? exchange.Request[..^50] : exchange.Request);
                    waiting += exchange.Quiet ? 0 : 1;
                    if (wire.Table.InFlight != waiting)
                        return false;
                }
                foreach (var exchange in group)
                {
                    talk.Say(false, exchange.Answer);
                    waiting -= exchange.Quiet ? 0 : 1;
                    if (wire.Table.InFlight != waiting)
                        return false;
                }
                if (group[^1].Early)
                    talk.Say(true, group[^1].Request[^50..]);
                if (wire.Table.State != FlightState.Idle)
                    return false;
            }
            return true;
        }, iter: 10_000);

    [Fact]
    public void Whatever_is_dropped_or_swapped_nothing_is_in_flight_after_two_more_requests_nor_after_the_end() =>
        Gen.Select(Kind, Gen.Int[1, 60], Gen.Bool, Gen.Int).Sample((kinds, percent, told, seed) =>
        {
            var random = new Random(seed);
            var wire = new Wire();
            var talk = new Rough(random.Next(4) == 0 ? wire.Joined() : wire.Open(), random) { Repeats = true, LostPercent = percent, Swaps = true };
            foreach (var exchange in kinds.Select(k => Kinds[k]))
            {
                talk.Say(true, exchange.Request);
                talk.Say(false, exchange.Answer);
                if (told && random.Next(3) == 0)
                    wire.Table.Missed(wire.Now);
                if (wire.Table.InFlight < 0)
                    return false;
            }
            talk.LostPercent = 0;
            talk.Swaps = talk.Cuts = talk.Repeats = false;
            for (var i = 0; i < 2; i++)
            {
                talk.Say(true, Kinds[0].Request);
                talk.Say(false, Kinds[0].Answer);
            }
            if (wire.Table.InFlight != 0)
                return false;
            talk.LostPercent = percent;
            talk.Say(true, Kinds[3].Request);
            talk.Say(false, Kinds[3].Answer);
            talk.End();
            return wire.Table is { InFlight: 0, Connections: 0, State: FlightState.Idle };
        }, iter: 10_000);

    [Fact]
    public void Whatever_is_dropped_nothing_is_perhaps_in_flight_after_a_minute_of_silence() =>
        Gen.Select(Kind, Gen.Int[1, 60], Gen.Int).Sample((kinds, percent, seed) =>
        {
            var random = new Random(seed);
            var wire = new Wire();
            var talk = new Rough(wire.Open(), random) { LostPercent = percent };
            foreach (var exchange in kinds.Select(k => Kinds[k]))
            {
                talk.Say(true, exchange.Request);
                talk.Say(false, exchange.Answer);
            }
            wire.Table.Missed(wire.Now);
            wire.After(61);
            return wire.Table.InFlight == 0;
        }, iter: 10_000);

    [Fact]
    public void Any_packets_are_followed_to_a_defined_state()
    {
        var telling = Gen.OneOf(Gen.Byte, Gen.Int[0, Marks.Length - 1].Select(i => (byte)Marks[i]));
        var said = Gen.OneOf(Gen.Int[0, Kinds.Length - 1].Select(k => Wire.Bytes(Kinds[k].Request)), Gen.Int[0, Kinds.Length - 1].Select(k => Wire.Bytes(Kinds[k].Answer)), telling.Array[0, 60]);
        var packet = Gen.Select(said, Gen.Bool, Gen.OneOf(Gen.Int[0, 300], Gen.Int), Gen.Int[0, Flags.Length - 1].Select(i => Flags[i]), Gen.Int[0, 2]);
        packet.Array[1, 20].Sample(packets =>
        {
            var wire = new Wire();
            var before = 0L;
            foreach (var (payload, toServer, seq, flags, client) in packets)
            {
                var bytes = RawPacket.V4((ushort)(40_000 + client), Wire.Port, toServer, (uint)seq, flags, payload);
                if (PacketReader.TryRead(bytes, bytes.Length + (seq & 3), null, [Wire.Port], wire.Now, out var segment))
                    wire.Table.See(segment);
                var table = wire.Table;
                if (table.InFlight < 0 || table.Unreadable < 0 || table.Unreadable > table.Connections || table.Requests < before)
                    return false;
                before = table.Requests;
                wire.After(0.4);
            }
            wire.Table.Reconcile([], wire.After(3).Now);
            return wire.Table is { InFlight: 0, Connections: 0, Unreadable: 0, State: FlightState.Idle };
        }, iter: 10_000);
    }

    /// <summary>A network that cuts, repeats, drops and swaps.</summary>
    private sealed class Rough(WireTalk talk, Random random)
    {
        private readonly Dictionary<bool, (uint First, List<byte> Bytes)> _sent = new() { [true] = (talk.ClientSeq, []), [false] = (talk.ServerSeq, []) };

        public bool Cuts { get; set; } = true;
        public bool Repeats { get; set; }
        public bool Swaps { get; set; }
        public int LostPercent { get; set; }

        public void Say(bool toServer, string text)
        {
            var (first, bytes) = _sent[toServer];
            var begin = bytes.Count;
            bytes.AddRange(Wire.Bytes(text));
            talk.Skip(toServer, text.Length);
            var parts = new List<(int From, int To)>();
            for (var at = begin; at < bytes.Count;)
            {
                var next = Cuts && random.Next(3) > 0 ? Math.Min(bytes.Count, at + 1 + random.Next(random.Next(2) == 0 ? 3 : 60)) : bytes.Count;
                parts.Add((at, next));
                at = next;
                if (Repeats && random.Next(4) == 0)
                {
                    var from = Math.Max(0, next - 1 - random.Next(80));
                    parts.Add((from, from + random.Next(next - from + 1)));
                }
            }
            for (var i = 1; Swaps && i < parts.Count; i++)
                if (random.Next(8) == 0)
                    (parts[i - 1], parts[i]) = (parts[i], parts[i - 1]);
            foreach (var (from, to) in parts)
                if (random.Next(100) >= LostPercent)
                    talk.Raw(toServer, first + (uint)from, TcpFlags.Ack, bytes.GetRange(from, to - from).ToArray());
        }

        public void End()
        {
            talk.End(true);
            talk.End(false);
        }
    }
}
