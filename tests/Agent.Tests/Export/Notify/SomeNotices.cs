using Headroom.Export.Notify;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Tests.Export.Notify;

/// <summary>A hold, a failure and an open breaker, as a tick would tell them.</summary>
internal static class SomeNotices
{
    public static readonly DateTimeOffset At = new(2027, 1, 4, 9, 0, 0, TimeSpan.Zero);

    public static Notice Held(string workload = "painter") => new(NoticeKind.Held, At, workload, Lever.Share,
        new Reason(BatchWindowReasons.UnknownWindow.Code, new Dictionary<string, ReasonValue> { ["workload"] = workload, ["window"] = "night" }));

    public static Notice Failed(string workload = "trainer") => new(NoticeKind.Failed, At.AddSeconds(1), workload, Lever.Stop, Evidence: "Docker answered 500: <no space>");

    public static readonly Notice Breaker = new(NoticeKind.BreakerOpened, At.AddSeconds(2), Evidence: "3 failed steps within 10 min");

    public static Message Message(Language language, params Notice[] notices) => Headroom.Export.Notify.Message.Of("gpu-1", notices, language, 0);
}
