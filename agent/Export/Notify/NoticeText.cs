using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Export.Notify;

/// <summary>What a notice says, as one line of plain text. Evidence is English in both languages: it is what programs answered.</summary>
internal static class NoticeText
{
    public static string Line(Notice notice, Language language)
    {
        var chinese = language == Language.Chinese;
        var (workload, lever, evidence) = (notice.Workload, Word(notice.Lever, chinese), notice.Evidence ?? "");
        return notice.Kind switch
        {
            NoticeKind.Held or NoticeKind.Done when notice.Reason is { } reason => reason.Sentence(language),
            NoticeKind.Held or NoticeKind.Done => chinese ? $"{workload}：已{lever}" : $"{workload}: {lever}",
            NoticeKind.GivenBack => chinese ? $"{workload}：已解除（{lever}）" : $"{workload}: given back ({lever})",
            NoticeKind.Failed => chinese ? $"{workload}：{lever}未成功：{evidence}" : $"{workload}: {lever} did not work: {evidence}",
            NoticeKind.Stuck => chinese ? $"{workload}：无法解除（{lever}）：{evidence}。请运行 headroom holds" : $"{workload}: can't be given back ({lever}): {evidence}. See headroom holds",
            NoticeKind.BreakerOpened => chinese ? $"已熔断，不再采取新动作：{evidence}。检查后运行 headroom holds reset-breaker" : $"The breaker is open, nothing new is held: {evidence}. Look, then run headroom holds reset-breaker",
            NoticeKind.BreakerReset => chinese ? "熔断已复位" : "The breaker is reset",
            NoticeKind.PolicyRefused => chinese ? $"新策略有错，旧策略继续有效：{evidence}" : $"The new policy has mistakes, the old one stays: {evidence}",
            NoticeKind.PolicyTaken => chinese ? "策略已改正并生效" : "The policy is right again and in force",
            _ => chinese ? "这是一条测试消息，什么也没有发生" : "This is a test, nothing has happened",
        };
    }

    private static string Word(Lever? lever, bool chinese) => !chinese ? lever?.Word() ?? "" : lever switch
    {
        Lever.Gate => "让行闸门",
        Lever.Share => "限速",
        Lever.Pause => "暂停",
        Lever.Sleep => "休眠",
        Lever.Stop => "停止",
        Lever.Cap => "显存上限",
        Lever.Restart => "重启",
        Lever.Start => "启动",
        _ => "",
    };
}
