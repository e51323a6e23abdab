using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Headroom.Run;

namespace Headroom.Tests.Run;

public sealed class SystemdTests
{
    [Theory]
    [InlineData("/tmp/headroom-notify-")]
    [InlineData("@headroom-notify-")] // the abstract namespace, as systemd itself uses it
    public void What_it_tells_arrives_as_one_datagram(string prefix)
    {
        var address = prefix + RandomNumberGenerator.GetHexString(12);
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(address.Replace('@', '\0')));
        systemd.ReceiveTimeout = 10_000;
        try
        {
            Systemd.Notify(address, "READY=1");
            var buffer = new byte[100];
            Assert.Equal("READY=1", Encoding.ASCII.GetString(buffer, 0, systemd.Receive(buffer)));
        }
        finally
        {
            File.Delete(address);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("vsock:2:1234")]
    [InlineData("/nowhere/at/all")]
    public void Without_systemd_nothing_happens(string? address) => Systemd.Notify(address, "WATCHDOG=1");
}
