using Headroom.Model;

namespace Headroom.Export.Notify;

/// <summary>What one channel is told at once.</summary>
/// <param name="Title">One line; begins with <c>Headroom</c>, which a robot that asks for a keyword can be given.</param>
/// <param name="Lines">Plain text, one a notice, without line breaks.</param>
/// <param name="Notices">What the lines are about.</param>
internal sealed record Message(string Node, DateTimeOffset At, Gravity Gravity, string Title, IReadOnlyList<string> Lines, IReadOnlyList<Notice> Notices)
{
    private const int MostLines = 20, MostCharacters = 400;

    /// <param name="notices">Oldest first, at least one.</param>
    /// <param name="lost">Notices that found no place since the message before.</param>
    public static Message Of(string node, IReadOnlyList<Notice> notices, Language language, long lost)
    {
        var chinese = language == Language.Chinese;
        var told = new List<Notice>();
        // Of one topic the newest: who was held and let go within the same seconds is free.
        for (var i = notices.Count - 1; i >= 0; i--)
            if (!told.Exists(t => t.Topic == notices[i].Topic))
                told.Insert(0, notices[i]);
        var lines = told.Take(MostLines).Select(n => PlainText.Cut(PlainText.Line(NoticeText.Line(n, language)), MostCharacters)).ToList();
        if (told.Count > MostLines)
            lines.Add(chinese ? $"另有 {told.Count - MostLines} 项" : $"and {told.Count - MostLines} more");
        if (lost > 0)
            lines.Add(chinese ? $"此前有 {lost} 项未能通知" : $"{lost} before these could not be told");
        var gravity = told.Max(n => n.Gravity);
        var place = PlainText.Cut(PlainText.Line(node), 64);
        var title = (told, chinese) switch
        {
            ([{ Kind: NoticeKind.Test }], false) => $"Headroom, {place}: test",
            ([{ Kind: NoticeKind.Test }], true) => $"Headroom {place}：测试",
            (_, false) => $"Headroom, {place}: {(gravity == Gravity.Info ? "" : gravity == Gravity.Critical ? "needs a person, " : "a problem, ")}{told.Count} {(told.Count == 1 ? "event" : "events")}",
            _ => $"Headroom {place}：{(gravity == Gravity.Info ? "" : gravity == Gravity.Critical ? "需要人工处理，" : "有问题，")}{told.Count} 个事件",
        };
        return new Message(node, told[^1].At, gravity, title, lines, told);
    }

    /// <summary>Title and lines as one text of at most so many bytes in UTF-8, in which nobody is called.</summary>
    public string Text(int mostBytes) => PlainText.CutBytes(PlainText.Tame($"{Title}\n{string.Join('\n', Lines)}"), mostBytes);
}
