namespace Headroom.Cli.Top;

/// <param name="Ink">A Spectre style; empty: plain.</param>
internal readonly record struct Cell(string Text, string Ink = "");

/// <summary>A column of a table of rows <typeparamref name="T"/>.</summary>
/// <param name="Least">Cells at least; the widest of it decides up to <see cref="Most"/>.</param>
/// <param name="Gone">Where it does not fit, columns go in this order, 1 first; 0 stays.</param>
internal sealed record Column<T>(string Header, int Least, int Gone, Func<T, Cell> Of)
{
    public int Most { get; init; } = 40;
    public bool Right { get; init; }
    /// <summary>Takes what the others leave.</summary>
    public bool Rest { get; init; }
}

/// <summary>Columns that fit a terminal, as lines. Never wraps: columns go, then the widest is cut.</summary>
internal sealed class Columns<T>
{
    private const int Roomy = 140;

    private readonly List<(Column<T> Column, int Width)> _columns;
    private readonly int _width;
    private readonly int _gap;

    public Columns(IReadOnlyList<Column<T>> columns, IReadOnlyList<T> rows, int width)
    {
        (_width, _gap) = (width, width < Roomy ? 1 : 2);
        _columns = [.. columns.Select(c => (c, c.Rest ? c.Least : Math.Min(c.Most, rows.Select(r => CellText.Width(CellText.Clean(c.Of(r).Text))).Append(c.Least).Append(CellText.Width(c.Header)).Max())))];
        foreach (var column in columns.Where(c => c.Gone > 0).OrderBy(c => c.Gone))
            if (Needed() > width)
                _columns.RemoveAll(c => c.Column == column);
        if (Needed() is var needed && needed > width)
        {
            var widest = _columns.FindIndex(c => c.Width == _columns.Max(other => other.Width));
            _columns[widest] = (_columns[widest].Column, Math.Max(1, _columns[widest].Width - (needed - width)));
        }
        if (_columns.FindIndex(c => c.Column.Rest) is >= 0 and var rest)
            _columns[rest] = (_columns[rest].Column, _columns[rest].Width + Math.Max(0, width - Needed()));
    }

    public Line Header() => Make(c => new Cell(c.Header, "bold"), "");

    /// <param name="ink">Of the whole line, in place of the cells' own; empty: their own.</param>
    public Line Row(T row, string ink) => Make(c => c.Of(row), ink);

    private Line Make(Func<Column<T>, Cell> cell, string ink)
    {
        var line = new Line(_width);
        var at = 0;
        foreach (var (column, width) in _columns)
        {
            var (text, own) = cell(column);
            text = CellText.Cut(CellText.Clean(text), width);
            line.To(at + (column.Right ? width - CellText.Width(text) : 0)).Add(text, ink.Length > 0 ? ink : own);
            at += width + _gap;
        }
        return line;
    }

    private int Needed() => _columns.Sum(c => c.Width) + Math.Max(0, _columns.Count - 1) * _gap;
}
