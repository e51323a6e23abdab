using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>The whole page. Pure: the same frame and state give the same lines, none wider than the terminal.</summary>
internal static class TopPage
{
    private const int RoomyHeight = 30;
    private const int LeastForWhy = 20;
    private const int LeastDecisions = 4;
    private const int AllDecisions = 21;

    /// <param name="height">Lines at most; null: all there is, without a foot (nobody presses keys).</param>
    public static IReadOnlyList<Line> Of(TopFrame frame, TopState state, int width, int? height, Language language)
    {
        var words = new TopWords(language);
        var lines = new List<Line>(TopHeader.Of(frame, state, width, words));
        var room = (height ?? int.MaxValue) - lines.Count - (height is null ? 0 : 1);
        var rows = TopOrder.Of(frame.Rows, state);
        if (state.Help)
            lines.AddRange(TopHelp.Of(width, words));
        else if (state.Detail && rows.FirstOrDefault(row => row.Key == state.Selected) is { } row && frame.View is { } view)
            lines.AddRange(Scrolled([.. TopDetail.Of(frame, view, row, width, words)], room, state.Scroll));
        else
            lines.AddRange(Overview(frame, state, rows, width, room, height, words));
        if (height is not { } most)
            return lines;
        // The foot is always the last line.
        lines = [.. lines.Take(most - 1)];
        while (lines.Count < most - 1)
            lines.Add(new Line(width));
        return [.. lines, Foot(state, width, words)];
    }

    private static List<Line> Overview(TopFrame frame, TopState state, IReadOnlyList<TopRow> rows, int width, int room, int? height, TopWords words)
    {
        if (frame.View is not { } view)
            return [Line.Of(width, frame.Away is null ? words.Say("waiting for the first answer", "等待第一次应答") : words.Say("it is asked again and again; q quits", "会继续询问；q 退出"), "dim")];
        var blank = height is null or >= RoomyHeight;
        var why = height is null or < LeastForWhy ? 0 : 2;
        var lines = new List<Line>();
        lines.AddRange(TopGpus.Of(view, width, Math.Max(2, room / 3), words));
        Blank();
        var forRows = Math.Max(3, room - lines.Count - why - LeastDecisions - (blank ? 1 : 0));
        lines.AddRange(TopContainers.Of(frame, rows, state, width, forRows, words));
        lines.AddRange(TopContainers.Why(rows.FirstOrDefault(row => row.Key == state.Selected), width, why, words));
        Blank();
        if (height is null || room - lines.Count >= 2)
            lines.AddRange(TopDecisions.Of(frame, state, width, height is null ? AllDecisions : room - lines.Count, words));
        return lines;

        void Blank()
        {
            if (blank)
                lines.Add(new Line(width));
        }
    }

    private static IEnumerable<Line> Scrolled(List<Line> lines, int room, int scroll) => lines.Skip(Math.Clamp(scroll, 0, Math.Max(0, lines.Count - Math.Max(1, room))));

    private static Line Foot(TopState state, int width, TopWords words)
    {
        var line = new Line(width);
        if (state.Typing)
            return line.Add("/" + state.Filter, "bold").Add("_", "bold").Add(words.Say("  Enter keeps it, Esc shows all", "  回车保留，Esc 显示全部"), "dim");
        return line.Add(state switch
        {
            { Help: true } => words.Say("any key goes back  q quit", "任意键返回  q 退出"),
            { Detail: true } => words.Say("Enter back  j/k scroll  p pause  q quit", "回车返回  j/k 滚动  p 暂停画面  q 退出"),
            _ => words.Say("q quit  ? help  p pause  s/S sort  / filter  j/k select  Enter detail", "q 退出  ? 帮助  p 暂停画面  s/S 排序  / 筛选  j/k 选择  回车详情"),
        }, "dim");
    }
}
