using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Observe.Activity;

namespace Headroom.Tests.Observe.Activity;

public sealed class StalledClientsTests
{
    private readonly StalledClients _clients = new();

    private static TcpSocket Socket(int retries, uint waiting, TcpState state = TcpState.Established, uint inode = 7) =>
        new(new TcpEnds(1, 8000, 2, 40000), state, inode, retries, waiting);

    private bool Look(TcpSocket socket, double second)
    {
        var gone = _clients.IsGone(socket, new MonoTime(TimeSpan.FromSeconds(second)));
        _clients.EndLook();
        return gone;
    }

    [Fact]
    public void A_client_that_takes_nothing_of_an_answer_for_five_seconds_is_gone()
    {
        Assert.False(Look(Socket(1, 5000), 0));
        Assert.False(Look(Socket(3, 5000), 1));
        Assert.False(Look(Socket(4, 5000), 5));
        Assert.True(Look(Socket(5, 5000), 6));
    }

    [Fact]
    public void As_long_as_the_server_still_writes_it_works_for_whom_it_believes_there()
    {
        for (var second = 0; second < 30; second++)
            Assert.False(Look(Socket(6, 5000 + (uint)second), second));
    }

    [Fact]
    public void A_client_that_waits_in_silence_is_there() => Assert.All(Enumerable.Range(0, 30), second => Assert.False(Look(Socket(0, 0), second)));

    [Fact]
    public void A_client_that_comes_back_begins_anew()
    {
        Assert.False(Look(Socket(4, 5000), 0));
        Assert.False(Look(Socket(0, 0), 4));
        Assert.False(Look(Socket(4, 5000), 8));
    }

    [Fact]
    public void A_connection_that_its_server_has_closed_is_done_and_one_that_it_has_not_yet_accepted_is_not() => Assert.Multiple(
        () => Assert.True(Look(Socket(0, 5000, TcpState.FinWait1, inode: 0), 0)),
        () => Assert.False(Look(Socket(0, 5000, TcpState.FinWait1), 0)),
        () => Assert.False(Look(Socket(0, 0, TcpState.Established, inode: 0), 0)),
        () => Assert.False(Look(Socket(0, 0, TcpState.CloseWait, inode: 0), 0)));
}
