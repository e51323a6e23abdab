using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Headroom.Cli.Top;

/// <summary>Keys and signals of the terminal as events.</summary>
internal sealed class TopKeyboard : IDisposable
{
    private readonly PosixSignalRegistration[] _signals;

    public TopKeyboard(ChannelWriter<TopEvent> events, TopScreen screen)
    {
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => events.TryWrite(new TopEvent.Resized())),
            // Ctrl-Z: the shell gets its screen back; fg brings the page back.
            PosixSignalRegistration.Create(PosixSignal.SIGTSTP, _ => screen.Close()),
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ =>
            {
                screen.Open();
                events.TryWrite(new TopEvent.Resized());
            }),
        ];
        if (Console.IsInputRedirected)
            return;
        // A read cannot be called off: the thread ends with the process. Asking whether a key is there would let the terminal echo it meanwhile.
        new Thread(() => Read(events)) { IsBackground = true, Name = "keys" }.Start();
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
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
