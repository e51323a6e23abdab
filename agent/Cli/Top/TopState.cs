namespace Headroom.Cli.Top;

/// <summary>What containers are sorted by; ties by name.</summary>
internal enum TopSort { Priority, Latency, Vram, Sm, Held, Name }

/// <summary>What the reader has chosen.</summary>
internal sealed record TopState
{
    /// <summary>Keys of the rows that are shown, in their order: what a key moves among.</summary>
    public IReadOnlyList<string> Rows { get; init; } = [];
    /// <summary>Key of a row; null: there is none.</summary>
    public string? Selected { get; init; }
    public TopSort Sort { get; init; }
    public bool Reverse { get; init; }
    /// <summary>Part of a name; empty: all.</summary>
    public string Filter { get; init; } = "";
    /// <summary>Letters go to the filter.</summary>
    public bool Typing { get; init; }
    public bool Paused { get; init; }
    public bool Detail { get; init; }
    public bool Help { get; init; }
    /// <summary>Lines scrolled down, of the decisions or of the detail.</summary>
    public int Scroll { get; init; }
    public bool Quit { get; init; }

    /// <summary>The same over new rows. A selected container that is gone hands over to the one that stands in its place.</summary>
    public TopState Over(IReadOnlyList<string> rows)
    {
        if (rows.Count == 0)
            return this with { Rows = rows, Selected = null, Detail = false };
        if (Selected is not null && rows.Contains(Selected))
            return this with { Rows = rows };
        var place = Selected is null ? 0 : Math.Max(0, Rows.ToList().IndexOf(Selected));
        return this with { Rows = rows, Selected = rows[Math.Min(place, rows.Count - 1)], Detail = false };
    }
}
