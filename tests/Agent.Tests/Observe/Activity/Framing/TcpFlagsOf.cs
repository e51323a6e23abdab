using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

internal static class TcpFlagsOf
{
    public const TcpFlags Reset = TcpFlags.Rst | TcpFlags.Ack;
    public const TcpFlags Close = TcpFlags.Fin | TcpFlags.Ack;
}
