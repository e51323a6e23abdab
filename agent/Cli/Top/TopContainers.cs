using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Cli.Top;

/// <summary>One line a container.</summary>
internal static class TopContainers
{
    private const int MostName = 28;

    /// <param name="most">Lines, the title and the header among them.</param>
    public static IReadOnlyList<Line> Of(TopFrame frame, IReadOnlyList<TopRow> rows, TopState state, int width, int most, TopWords words)
    {
        var columns = new Columns<TopRow>(
        [
            new("", 1, 0, row => new Cell(row.Key == state.Selected ? ">" : "", "bold")),
            new(words.Say("Container", "容器"), 9, 0, row => new Cell(row.Name)) { Most = MostName },
            new(words.Say("Priority", "优先级"), 8, 5, row => new Cell(words.Of(row.Workload.Policy.Priority), row.Workload.Policy.Priority == Priority.Critical ? "bold" : "")),
            new(words.Say("Latency/SLO", "延迟/目标"), 14, 7, row => TopCells.Latency(row, words)) { Most = 24 },
            new(words.Say("VRAM/cap", "显存/上限"), 9, 6, TopCells.Vram) { Right = true },
            new("SM", 4, 3, row => new Cell(row.Sm is { } sm ? Figures.Percent(sm) : "-")) { Right = true },
            new(words.Say("Now", "当前"), 11, 0, row => TopCells.Now(row, words)) { Most = 16 },
            new(words.Say("Held", "已持续"), 6, 4, row => new Cell(row.Held is { } held ? words.Of(held) : "")) { Right = true },
            new(words.Say("Left", "剩余"), 6, 1, row => new Cell(row.Left is { } left ? words.Of(left) : "")) { Right = true },
            new(words.Say("Why", "原因"), 24, 2, row => new Cell(row.Why?.Sentence(words.Language) ?? "")) { Rest = true },
        ], rows, width);
        var title = Title(frame, rows, state, width, words);
        if (rows.Count == 0)
            return [title, Line.Of(width, state.Filter.Length > 0 ? words.Say("no container matches; Esc shows all", "没有匹配的容器；Esc 显示全部") : words.Say("no container is known", "没有已知的容器"), "dim")];
        var room = Math.Max(1, most - 2);
        var at = Math.Max(0, rows.ToList().FindIndex(row => row.Key == state.Selected));
        var from = Math.Clamp(at - room / 2, 0, Math.Max(0, rows.Count - room));
        return [title, columns.Header(), .. rows.Skip(from).Take(room).Select(row => columns.Row(row, row.Key == state.Selected ? "invert" : ""))];
    }

    private static Line Title(TopFrame frame, IReadOnlyList<TopRow> rows, TopState state, int width, TopWords words)
    {
        var line = new Line(width).Add(words.Say("Containers", "容器"), "bold")
            .Add(rows.Count == frame.Rows.Count ? $" {rows.Count}" : $" {rows.Count}/{frame.Rows.Count}")
            .Add($"  {words.Say("by", "按")} {words.Of(state.Sort)}{(state.Reverse ? words.Say(", reversed", "，反序") : "")}", "dim");
        if (state.Filter.Length > 0)
            line.Add($"  {words.Say("filter", "筛选")} /{state.Filter}", "yellow");
        return line;
    }

    /// <summary>The selected one's reason in full, on so many lines.</summary>
    public static IReadOnlyList<Line> Why(TopRow? row, int width, int lines, TopWords words)
    {
        var text = row is null ? "" : CellText.Clean($"{row.Name}: {(row.Why is { } why ? $"{why.Sentence(words.Language)} {why.Code}" : words.Say("nothing was decided about it", "没有关于它的决定"))}");
        var wrapped = CellText.Wrap(text, width - 2).ToList();
        return
        [
            .. Enumerable.Range(0, lines).Select(i => i >= wrapped.Count ? new Line(width)
                : Line.Of(width, "  " + (i == lines - 1 ? string.Join(' ', wrapped.Skip(i)) : wrapped[i]), "italic")),
        ];
    }
}
