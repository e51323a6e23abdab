using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>The page's own words, in the reader's language.</summary>
internal readonly record struct TopWords(Language Language)
{
    public string Say(string english, string chinese) => Language == Language.Chinese ? chinese : english;

    public string Of(Mode mode) => mode switch
    {
        Mode.Enforce => Say("acting", "执行"),
        Mode.Recommend => Say("dry-run: tells, does nothing", "试运行：只建议，不动手"),
        _ => Say("observes, touches nothing", "只观察，不动手"),
    };

    public string Of(Priority priority) => priority switch
    {
        Priority.Critical => Say("critical", "关键"),
        Priority.Batch => Say("batch", "批处理"),
        _ => Say("standard", "标准"),
    };

    public string Of(Lever lever) => Say(lever.Word(), lever switch
    {
        Lever.Gate => "让路",
        Lever.Share => "限时",
        Lever.Pause => "暂停",
        Lever.Sleep => "休眠",
        Lever.Stop => "停止",
        Lever.Cap => "显存上限",
        Lever.Restart => "重启",
        _ => "启动",
    });

    public string Of(TopSort sort) => sort switch
    {
        TopSort.Name => Say("name", "名称"),
        TopSort.Latency => Say("latency against its SLO", "延迟与目标之比"),
        TopSort.Vram => Say("VRAM", "显存"),
        TopSort.Sm => "SM",
        TopSort.Held => Say("what is held", "是否受限"),
        _ => Say("priority", "优先级"),
    };

    /// <summary>A length of time, short.</summary>
    public string Of(TimeSpan time) => Language == Language.English ? Figures.Age(time) : time.TotalSeconds switch
    {
        < 120 => $"{Math.Max(0, time.TotalSeconds):0} 秒",
        < 7200 => $"{time.TotalMinutes:0} 分",
        < 172800 => $"{time.TotalHours:0} 小时",
        _ => $"{time.TotalDays:0} 天",
    };
}
