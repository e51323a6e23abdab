using Headroom.Model;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Headroom.Cli.Status;

/// <summary>Cells and tables, the same for all parts of the page.</summary>
internal static class Cells
{
    /// <summary>Not known now.</summary>
    public const string Unknown = "-";
    /// <summary>Never known here.</summary>
    public const string NotAvailable = "n/a";

    /// <summary>What is known of it; a dash, <c>n/a</c> or <c>idle</c> otherwise: never a zero that nobody read.</summary>
    public static string Of<T>(Reading<T> reading, Func<T, string> words) where T : struct =>
        reading.Known() is { } value ? words(value)
        : reading.State switch
        {
            ReadingState.Unsupported => NotAvailable,
            ReadingState.Idle => "idle",
            _ => Unknown,
        };

    public static Table Table(params TableColumn[] columns)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (var column in columns)
            table.AddColumn(column.PadLeft(0).PadRight(2));
        return table;
    }

    public static TableColumn Left(string header) => new TableColumn(new Markup($"[bold]{header}[/]")).LeftAligned();

    public static TableColumn Right(string header) => new TableColumn(new Markup($"[bold]{header}[/]")).RightAligned().NoWrap();

    /// <summary>Cells of markup: text of others must have gone through <see cref="Terminal.Safe"/>.</summary>
    public static void AddRow(this Table table, params string[] cells) => table.AddRow(cells.Select(cell => (IRenderable)new Markup(cell)));
}
