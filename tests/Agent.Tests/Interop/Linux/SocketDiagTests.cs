using System.Net;
using System.Net.Sockets;
using Headroom.Interop.Linux;
using Headroom.Tests.Support;

namespace Headroom.Tests.Interop.Linux;

public sealed class SocketDiagTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_lists_who_listens_and_who_is_connected_in_that_namespace_and_nobody_elsewhere(bool forBoth)
    {
        if (!ForeignNamespace.IsRoot)
            return;
        using var container = new ForeignNamespace();
        // As most servers listen: one IPv6 socket for both; an IPv4 client of it is IPv4 all the same.
        using var listener = forBoth ? new Socket(NetworkNamespace.CreateSocket(container.Pid, container.Id, 10, Libc.Stream, 0)) { DualMode = true } : NetworkNamespace.CreateTcpSocket(container.Pid, container.Id);
        listener.Bind(new IPEndPoint(forBoth ? IPAddress.IPv6Any : IPAddress.Loopback, 0));
        listener.Listen();
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using var client = NetworkNamespace.CreateTcpSocket(container.Pid, container.Id);
        client.Connect(IPAddress.Loopback, port);
        using var diag = new SocketDiag(container.Pid, container.Id);

        var listening = new List<TcpSocket>();
        diag.List([port, 1], listening: true, listening);
        var only = Assert.Single(listening);
        Assert.Equal(TcpState.Listen, only.State);
        Assert.Equal($"socket:[{only.Inode}]", new FileInfo($"/proc/self/fd/{listener.Handle}").LinkTarget);

        var connected = new List<TcpSocket>();
        diag.List([port], listening: false, connected);
        var one = Assert.Single(connected);
        var here = TcpEnds.Address([127, 0, 0, 1]);
        Assert.Equal(new TcpEnds(here, (ushort)port, here, (ushort)((IPEndPoint)client.LocalEndPoint!).Port), one.Ends);
        Assert.Equal(TcpState.Established, one.State);

        connected.Clear();
        diag.List([port ^ 1], listening: false, connected);
        Assert.Empty(connected);
    }

    [Fact]
    public void The_addresses_of_a_namespace_are_its_own()
    {
        if (!ForeignNamespace.IsRoot)
            return;
        using var container = new ForeignNamespace();
        var addresses = LocalAddresses.Of(container.Pid);
        Assert.NotNull(addresses);
        Assert.All(addresses, a => Assert.True(LocalAddresses.IsLoopback(a)));
        Assert.True(LocalAddresses.IsLoopback(TcpEnds.Address([127, 1, 2, 3])));
        Assert.False(LocalAddresses.IsLoopback(TcpEnds.Address([128, 0, 0, 1])));
    }
}
