using System.Net;
using System.Net.Sockets;

namespace Headroom.Cli.Doctor.Facts;

/// <param name="Use">What is to be served there.</param>
/// <param name="Flag">The flag of <c>run</c> that names the place.</param>
/// <param name="Error">Why the address cannot be listened on; null when it can.</param>
/// <param name="Holders">Who listens there now, as far as it can be seen.</param>
internal sealed record PortFacts(string Use, string Flag, IPEndPoint EndPoint, SocketError? Error, IReadOnlyList<PortHolder> Holders)
{
    /// <summary>Tries it: binds, and gives it back at once without ever listening.</summary>
    public static PortFacts Read(string use, string flag, IPEndPoint endPoint, string procPath = "/proc")
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true; // as the server does: [::] takes IPv4 too
            socket.Bind(endPoint);
            return new PortFacts(use, flag, endPoint, null, []);
        }
        catch (SocketException e)
        {
            return new PortFacts(use, flag, endPoint, e.SocketErrorCode, PortHolder.Find(endPoint, procPath));
        }
    }
}
