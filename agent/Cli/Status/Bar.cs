using Spectre.Console;

namespace Headroom.Cli.Status;

/// <summary>A share as a bar of fixed width.</summary>
internal sealed record Bar(int Width, char Full, char Empty)
{
    public static Bar For(IAnsiConsole console)
    {
        var width = Terminal.IsNarrow(console) ? 10 : 20;
        return console.Profile.Capabilities.Unicode ? new Bar(width, '█', '░') : new Bar(width, '#', '.');
    }

    /// <param name="ratio">0..1; beyond is drawn full. What is there at all shows as one block at least.</param>
    public string Of(double ratio)
    {
        var full = (int)Math.Round(Math.Clamp(ratio, 0, 1) * Width, MidpointRounding.AwayFromZero);
        if (full == 0 && ratio > 0)
            full = 1;
        return new string(Full, full) + new string(Empty, Width - full);
    }
}
