using System.Runtime.InteropServices;
using System.Threading.Channels;
using Headroom.Interop.Linux;

namespace Headroom.Cli.Top;

/// <summary>Keys and signals of the terminal as events.</summary>
internal sealed class TopKeyboard : IDisposable
{
    private readonly ChannelWriter<TopEvent> _events;
    private readonly TopScreen _screen;
    private readonly PosixSignalRegistration[] _signals;
    private PosixSignalRegistration? _suspend;

    public TopKeyboard(ChannelWriter<TopEvent> events, TopScreen screen)
    {
        (_events, _screen) = (events, screen);
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => events.TryWrite(new TopEvent.Resized())),
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Continue()),
        ];
        _suspend = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Suspend);
        if (Console.IsInputRedirected)
            return;
        // A read cannot be called off: the thread ends with the process. Asking whether a key is there would let the terminal echo it meanwhile.
        new Thread(() => Read(events)) { IsBackground = true, Name = "keys" }.Start();
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        Interlocked.Exchange(ref _suspend, null)?.Dispose();
    }

    // Ctrl-Z: the shell gets its screen back. The runtime does not stop a process that listens to the signal: so it is sent again when nobody does.
    private void Suspend(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _screen.Close();
        Interlocked.Exchange(ref _suspend, null)?.Dispose();
        Signals.SuspendSelf();
    }

    private void Continue()
    {
        Interlocked.Exchange(ref _suspend, PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Suspend))?.Dispose();
        _screen.Open();
        _events.TryWrite(new TopEvent.Resized());
    }

    private static void Read(ChannelWriter<TopEvent> events)
    {
        try
        {
            while (events.TryWrite(new TopEvent.Pressed(Console.ReadKey(intercept: true))))
            {
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            events.TryWrite(new TopEvent.HungUp());
        }
    }
}
