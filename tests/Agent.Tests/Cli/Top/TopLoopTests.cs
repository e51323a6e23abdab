using System.Threading.Channels;
using Headroom.Cli.Top;
using Headroom.Model;
using static Headroom.Tests.Cli.Top.Frames;

namespace Headroom.Tests.Cli.Top;

public sealed class TopLoopTests
{
    private readonly MemoryStream _terminal = new();
    private readonly Channel<TopEvent> _events = Channel.CreateUnbounded<TopEvent>();

    [Fact]
    public async Task It_shows_what_comes_until_q_and_gives_the_terminal_back()
    {
        await RunAsync(new Fixed(() =>
        {
            _events.Writer.TryWrite(new TopEvent.Resized());
            _events.Writer.TryWrite(new TopEvent.Pressed(Key('q')));
            return Of(English);
        }), TestContext.Current.CancellationToken);

        Assert.EndsWith("\u001b[?25h\u001b[?1049l", Written(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_c_gives_the_terminal_back_too()
    {
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = RunAsync(new Fixed(() => Of(English)), interruption.Token);
        await interruption.CancelAsync();
        await running;

        Assert.EndsWith("\u001b[?1049l", Written(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bug_of_the_source_is_told_once_the_terminal_is_given_back()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(new Fixed(() => throw new InvalidOperationException("planted")), TestContext.Current.CancellationToken));

        Assert.EndsWith("\u001b[?1049l", Written(), StringComparison.Ordinal);
    }

    private async Task RunAsync(ITopSource source, CancellationToken stop)
    {
        using var screen = new TopScreen(_terminal, colours: false);
        await new TopLoop(source, screen, () => (80, 24), TimeSpan.FromMilliseconds(100), Language.English, TimeProvider.System).RunAsync(_events, stop);
    }

    private string Written() => System.Text.Encoding.UTF8.GetString(_terminal.ToArray());

    private sealed class Fixed(Func<TopFrame> frame) : ITopSource
    {
        public bool StandsWithThePage => false;

        public Task<TopFrame> ReadAsync(TimeSpan passed, CancellationToken stop) => Task.Run(frame, stop);
    }
}
