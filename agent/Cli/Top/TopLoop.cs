using System.Threading.Channels;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>What the page waits for.</summary>
internal abstract record TopEvent
{
    public sealed record Arrived(TopFrame Frame) : TopEvent;
    public sealed record Pressed(ConsoleKeyInfo Key) : TopEvent;
    public sealed record Resized : TopEvent;
    /// <summary>Nobody presses keys any more: the terminal is gone.</summary>
    public sealed record HungUp : TopEvent;
}

/// <summary>The live page: waits for news, keys and new sizes, and shows what became of them.</summary>
/// <param name="size">Width and height of the terminal now.</param>
internal sealed class TopLoop(ITopSource source, TopScreen screen, Func<(int Width, int Height)> size, TimeSpan interval, Language language, TimeProvider time)
{
    private volatile bool _stands;

    /// <summary>Until somebody quits.</summary>
    public async Task RunAsync(Channel<TopEvent> events, CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reading = ReadAsync(events.Writer, ending.Token);
        var model = TopModel.Start;
        screen.Open();
        try
        {
            while (!model.State.Quit)
            {
                var (width, height) = size();
                screen.Show(TopPage.Of(model.Shown, model.State, width, height, language));
                if (!await events.Reader.WaitToReadAsync(ending.Token))
                    break;
                while (!model.State.Quit && events.Reader.TryRead(out var news))
                    model = Take(model, news);
                _stands = model.State.Paused;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Ctrl-C is one way to leave.
        }
        finally
        {
            screen.Close();
            await ending.CancelAsync();
        }
        await reading;
    }

    private TopModel Take(TopModel model, TopEvent news)
    {
        switch (news)
        {
            case TopEvent.Arrived arrived:
                return model.Arrive(arrived.Frame);
            case TopEvent.Pressed pressed:
                // After a Ctrl-Z that could not stop us: no shell is there that could.
                screen.Open();
                return model.Press(pressed.Key);
            case TopEvent.HungUp:
                return model with { State = model.State with { Quit = true } };
            default:
                screen.Forget();
                return model;
        }
    }

    private async Task ReadAsync(ChannelWriter<TopEvent> events, CancellationToken stop)
    {
        try
        {
            using var timer = new PeriodicTimer(interval, time);
            var last = time.Mono();
            do
            {
                var now = time.Mono();
                if (!_stands || !source.StandsWithThePage)
                    events.TryWrite(new TopEvent.Arrived(await source.ReadAsync(now - last, stop)));
                last = now;
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The page is left.
        }
        catch (Exception e)
        {
            // A bug: it ends the page, and is told once the terminal is as it was.
            events.TryComplete(e);
            throw;
        }
    }
}
