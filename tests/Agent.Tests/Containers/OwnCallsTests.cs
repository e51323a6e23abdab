using System.Net;
using System.Net.Sockets;
using Headroom.Containers;
using Headroom.Interop.Linux;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Containers;

public sealed class OwnCallsTests
{
    private readonly FakeTimeProvider _time = new();

    private static TcpEnds Ends(Socket client)
    {
        var (server, mine) = ((IPEndPoint)client.RemoteEndPoint!, (IPEndPoint)client.LocalEndPoint!);
        return new TcpEnds(TcpEnds.Address(server.Address.GetAddressBytes()), (ushort)server.Port, TcpEnds.Address(mine.Address.GetAddressBytes()), (ushort)mine.Port);
    }

    private static (Socket Client, TcpListener Listener) Pair()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndpoint);
        return (client, listener);
    }

    [Fact]
    public void A_call_is_known_while_it_is_open_and_a_little_longer_then_forgotten()
    {
        var calls = new OwnCalls(_time);
        var (client, listener) = Pair();
        using var _ = listener;
        var ends = Ends(client);
        var stream = calls.Noted("a", client);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.True(calls.Has("a", ends));
        stream.Dispose();
        Assert.True(calls.Has("a", ends));

        _time.Advance(TimeSpan.FromSeconds(6));
        var (other, second) = Pair();
        using var __ = second;
        using var more = calls.Noted("a", other);
        Assert.False(calls.Has("a", ends));
    }

    [Fact]
    public void The_same_addresses_in_another_containers_network_are_another_connection()
    {
        var calls = new OwnCalls(_time);
        var (client, listener) = Pair();
        using var _ = listener;
        var ends = Ends(client);
        using var stream = calls.Noted("a", client);
        Assert.False(calls.Has("b", ends));
        Assert.False(calls.Has("a", ends with { RemotePort = (ushort)(ends.RemotePort ^ 1) }));
    }
}
