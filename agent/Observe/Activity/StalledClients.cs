using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Observe.Activity;

/// <summary>Finds clients that have vanished without a word after the server has answered: the kernel sends the rest of the answer again and again, for a quarter of an hour, and nobody takes it.
/// One that vanishes before is not found, and need not be: its server works for it.</summary>
internal sealed class StalledClients
{
    // 0.2, 0.4, 0.8 s: no longer a lost packet or two.
    private const int Retries = 3;
    /// <summary>The server has written nothing for so long either: it is done, or waits for the client.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(5);

    private Dictionary<TcpEnds, (uint Waiting, MonoTime Since)> _stalled = [], _next = [];

    /// <summary>Whether nothing is done for this connection any more. To be asked for each at each look, then <see cref="EndLook"/>.</summary>
    public bool IsGone(in TcpSocket socket, MonoTime now)
    {
        // The server has closed it; only the kernel still works on it.
        if (socket is { Inode: 0, State: TcpState.FinWait1 or TcpState.FinWait2 })
            return true;
        if (socket.Retries < Retries || socket.Waiting == 0)
            return false;
        var since = _stalled.TryGetValue(socket.Ends, out var before) && before.Waiting == socket.Waiting ? before.Since : now;
        _next[socket.Ends] = (socket.Waiting, since);
        return now - since >= Within;
    }

    public void EndLook()
    {
        (_stalled, _next) = (_next, _stalled);
        _next.Clear();
    }
}
