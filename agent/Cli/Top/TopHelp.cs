namespace Headroom.Cli.Top;

/// <summary>What keys and signs mean.</summary>
internal static class TopHelp
{
    private static readonly (string Key, string English, string Chinese)[] Keys =
    [
        ("q Ctrl-C", "quit", "退出"),
        ("p Space", "let the page stand still, and go on", "画面停住，再按继续"),
        ("s / S", "sort by the next column / reverse", "换一列排序 / 反序"),
        ("/", "show only names with these letters; Esc shows all", "只显示名称含这些字的；Esc 显示全部"),
        ("j k arrows", "select a container", "选择容器"),
        ("Enter", "all that is known of it, and back", "它的全部信息，再按返回"),
        ("PgUp PgDn", "scroll decisions or the detail", "滚动决定或详情"),
        ("?", "this page", "本页"),
        ("", "", ""),
        ("Latency/SLO", "worst SLO: seen/to keep; ! broken, ~ near, ? unknown", "最差的目标：实测/目标；! 超标，~ 接近，? 未知"),
        ("VRAM/cap", "held on all GPUs / its cap", "在所有 GPU 上占用 / 上限"),
        ("Now", "what it may do now; (in brackets): wanted, not in force", "当前允许做什么；（括号内）：想要但未生效"),
        ("Held Left", "held for so long; ends by itself after so long", "已持续；多久后自动结束"),
        ("Decisions", "+ take  < give back  - left alone  i note", "+ 限制  < 归还  - 不动  i 提示"),
    ];

    public static IEnumerable<Line> Of(int width, TopWords words) =>
        Keys.Select(key => new Line(width).Add(key.Key, "bold").To(13).Add(words.Say(key.English, key.Chinese)));
}
