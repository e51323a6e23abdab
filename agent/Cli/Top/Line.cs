using Spectre.Console;

namespace Headroom.Cli.Top;

/// <summary>One line of the page: pieces of text with their ink, never wider than it was made for.</summary>
/// <param name="width">In cells.</param>
internal sealed class Line(int width)
{
    private readonly List<(string Text, string Ink)> _pieces = [];
    private bool _ended;

    public int Width { get; private set; }
    public bool IsFull => Width >= width;
    public string Plain => string.Concat(_pieces.Select(p => p.Text));
    /// <summary>For Spectre.</summary>
    public string Markup => string.Concat(_pieces.Select(p => p.Ink.Length > 0 ? $"[{p.Ink}]{Spectre.Console.Markup.Escape(p.Text)}[/]" : Spectre.Console.Markup.Escape(p.Text)));

    public static Line Of(int width, string text, string ink = "") => new Line(width).Add(text, ink);

    /// <param name="text">Cleaned here; what does not fit is cut off.</param>
    /// <param name="ink">A Spectre style; empty: plain.</param>
    public Line Add(string text, string ink = "")
    {
        var clean = CellText.Clean(text);
        text = _ended ? "" : CellText.Cut(clean, width - Width);
        // What was cut off ends the line, though a wide character may have left a cell.
        _ended |= text.Length != clean.Length;
        if (text.Length == 0)
            return this;
        _pieces.Add((text, ink));
        // Of the whole: a mark at the beginning of a piece may join what stands before it.
        Width = Math.Max(Width, CellText.Width(Plain));
        return this;
    }

    /// <summary>Blanks up to this cell.</summary>
    public Line To(int cell) => cell > Width ? Add(new string(' ', Math.Min(cell, width) - Width)) : this;

    /// <summary>As written to a terminal.</summary>
    public string Text(bool colours)
    {
        if (!colours)
            return Plain;
        var text = new StringWriter();
        // Wide enough that Spectre never breaks it.
        Terminal.Create(text, Math.Max(1, width) * 2 + 80, colours: true).Markup(Markup);
        return text.ToString();
    }
}
