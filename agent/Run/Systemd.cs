using System.Net.Sockets;
using System.Text;

namespace Headroom.Run;

/// <summary>Tells systemd how a service fares (sd_notify). Without systemd nothing happens, and no failure to tell is one of the service.</summary>
internal static class Systemd
{
    /// <summary>All that a start needs is done.</summary>
    public static void Ready() => Notify("READY=1");

    /// <summary>Still at work. Only from completed work, never from a timer: a hung loop must count as dead.</summary>
    public static void Watchdog() => Notify("WATCHDOG=1");

    public static void Stopping() => Notify("STOPPING=1");

    private static void Notify(string message) => Notify(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), message);

    /// <param name="address">A socket's path, or <c>@name</c> of the abstract namespace; else nothing is sent.</param>
    internal static void Notify(string? address, string message)
    {
        if (address is not { Length: > 1 } || address[0] is not ('/' or '@'))
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.ASCII.GetBytes(message), new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // systemd is being replaced, or the address is not one: it asks again by its own deadline.
        }
    }
}
