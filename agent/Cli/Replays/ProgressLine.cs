using Headroom.Model;

namespace Headroom.Cli.Replays;

/// <summary>One line on a terminal that tells how far long work is; nothing where nobody looks.</summary>
/// <param name="shown">Somebody looks.</param>
internal sealed class ProgressLine(TextWriter talk, bool shown, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private MonoTime? _told;
    private int _length;

    public void Tell(Func<string> words)
    {
        if (!shown || (_told is { } told && time.Mono() - told < Every))
            return;
        _told = time.Mono();
        var line = words();
        talk.Write('\r' + line.PadRight(_length));
        _length = line.Length;
    }

    /// <summary>Takes the line away.</summary>
    public void End()
    {
        if (_length > 0)
            talk.Write('\r' + new string(' ', _length) + '\r');
        _length = 0;
    }
}
