using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

public class SteadyStateTests
{
    private static readonly byte[] Ask = Wire.Bytes("POST /v1/completions HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"prompt\":\"a\",\"n\":1}");
    private static readonly byte[] Head = Wire.Bytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    private static readonly byte[] Token = Wire.Bytes("f\r\ndata: {\"a\":1}\n\n\r\n");
    private static readonly byte[] Last = Wire.Bytes("0\r\n\r\n");

    [Fact]
    public void Following_100_000_segments_allocates_nothing()
    {
        var wire = new Wire();
        // Grow first: tables, pools, and what the runtime makes once.
        Assert.True(Run(wire, 20_000) > 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var segments = Run(wire, 100_000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(segments >= 100_000);
        Assert.True(allocated == 0, $"{allocated} bytes for {segments} segments");
        Assert.Equal(0, wire.Table.InFlight);
        Assert.True(wire.Table.Requests > 10_000);
    }

    /// <summary>64 connections, by turns: handshake, cut request, stream with a token sent twice and one missed, end, reconciliation.</summary>
    private static int Run(Wire wire, int segments)
    {
        Span<FlowKey> alive = stackalloc FlowKey[64];
        var count = 0;
        for (var round = 0; count < segments; round++)
        {
            for (ushort port = 0; port < 64; port++)
            {
                var key = alive[port] = Wire.KeyOf((ushort)(40_000 + port));
                uint client = (uint)round * 77_777, server = (uint)round * 99_999;
                See(wire, key, true, client++, TcpFlags.Syn, []);
                See(wire, key, false, server++, TcpFlags.Syn | TcpFlags.Ack, []);
                for (var request = 0; request < 2; request++)
                {
                    client = See(wire, key, true, client, TcpFlags.Ack, Ask.AsSpan(0, 50));
                    client = See(wire, key, true, client, TcpFlags.Ack, Ask.AsSpan(50));
                    server = See(wire, key, false, server, TcpFlags.Ack, Head);
                    See(wire, key, false, server, TcpFlags.Ack, Token);
                    server = See(wire, key, false, server, TcpFlags.Ack, Token);
                    if (request == 1)
                        server += (uint)Token.Length;
                    server = See(wire, key, false, server, TcpFlags.Ack, Token);
                    server = See(wire, key, false, server, TcpFlags.Ack, Last);
                    count += 7;
                }
                See(wire, key, true, client, TcpFlagsOf.Close, []);
                if (port % 2 == 0)
                    See(wire, key, false, server, TcpFlagsOf.Close, []);
                count += 4;
            }
            wire.Table.Reconcile(alive[..32], wire.Now);
            wire.Table.Missed(wire.Now);
            wire.After(1);
        }
        wire.After(3).Table.Reconcile([], wire.Now);
        return count;
    }

    private static uint See(Wire wire, FlowKey key, bool toServer, uint seq, TcpFlags flags, ReadOnlySpan<byte> payload)
    {
        wire.Table.See(new Segment { Key = key, ToServer = toServer, Seq = seq, Flags = flags, Payload = payload, Length = payload.Length, At = wire.Now });
        return seq + (uint)payload.Length;
    }
}
