using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Headroom.Cli;

/// <summary>Where text for people goes. Plain, without any escape sequence, when nobody looks (a pipe, a file), with <c>NO_COLOR</c> or a dumb terminal.</summary>
internal static class Terminal
{
    private const int Narrowest = 80;
    // A pipe has no width: wide enough that the tables do not wrap.
    private const int Piped = 120;
    private const int Roomy = 110;

    /// <param name="environment">Reads one variable; null when it is not set.</param>
    public static IAnsiConsole Output(Func<string, string?> environment)
    {
        var isTerminal = !Console.IsOutputRedirected;
        return Create(Console.Out, isTerminal ? Math.Max(Narrowest, Console.WindowWidth) : Piped, Colours(environment));
    }

    /// <summary>Somebody looks who wants them and can see them.</summary>
    public static bool Colours(Func<string, string?> environment) => CanMove(environment) && string.IsNullOrEmpty(environment("NO_COLOR"));

    /// <summary>The output is a terminal on which one can write anywhere.</summary>
    public static bool CanMove(Func<string, string?> environment) => !Console.IsOutputRedirected && environment("TERM") is not ("dumb" or null or "");

    /// <summary>As it is; of a pipe <see cref="Piped"/>.</summary>
    public static int Width => Console.IsOutputRedirected || Console.WindowWidth <= 0 ? Piped : Console.WindowWidth;

    public static IAnsiConsole Create(TextWriter writer, int width, bool colours)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colours ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = width;
        return console;
    }

    /// <summary>Too narrow for the whole of each table.</summary>
    public static bool IsNarrow(IAnsiConsole console) => console.Profile.Width < Roomy;

    /// <summary>Text of others as markup: brackets are only brackets, and what could steer the terminal is shown as <c>?</c>.
    /// Names, labels, process names and error texts are all of others.</summary>
    public static string Safe(string text) => Markup.Escape(Clean(text));

    /// <summary>The same for where no markup is read.</summary>
    public static string Clean(string text)
    {
        if (!text.EnumerateRunes().Any(Steers))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.Value is '\n' or '\t' ? " " : Steers(rune) ? "?" : rune.ToString());
        return clean.ToString();
    }

    private static bool Steers(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;
}
