using Headroom.Model;
using Headroom.Policies.Binding;

namespace Headroom.Policies;

/// <summary>A few words that stand for the members of an enumeration, both ways.</summary>
internal sealed class Words<T>(string what, params IReadOnlyList<(string Word, T Value)> all) where T : struct, Enum
{
    public ScalarShape<T> Shape { get; } = Shapes.OneOf(what, all);

    public string Of(T value) => all.First(choice => EqualityComparer<T>.Default.Equals(choice.Value, value)).Word;
}

/// <summary>The words of policies that are written nowhere else.</summary>
internal static class PolicyWords
{
    public static readonly Words<VramStrategy> Strategy = new("a strategy", ("fixed", VramStrategy.Fixed), ("dynamic", VramStrategy.Dynamic), ("priority", VramStrategy.Priority));
    public static readonly Words<OutsideWindow> Outside = new(
        "what to do outside a window", ("pause", OutsideWindow.Pause), ("stop", OutsideWindow.Stop), ("throttle", OutsideWindow.Throttle), ("allowWhenIdle", OutsideWindow.AllowWhenIdle));
    public static readonly Words<WindowStart> Start = new("a way to start", ("never", WindowStart.Never), ("oncePerWindow", WindowStart.OncePerWindow));
    public static readonly Words<GroupMode> Group = new("a group's mode", ("turns", GroupMode.Turns), ("scale", GroupMode.Scale));
    public static readonly Words<LastReplica> LastReplica = new("a time to restart it", ("idle", Model.LastReplica.Idle), ("always", Model.LastReplica.Always), ("never", Model.LastReplica.Never));
    public static readonly Words<FragmentationWhen> When = new("a time to restart", ("idle", FragmentationWhen.Idle), ("window", FragmentationWhen.Window), ("always", FragmentationWhen.Always));
    public static readonly Words<NotifyType> Notify = new(
        "a kind of channel", ("dingtalk", NotifyType.DingTalk), ("feishu", NotifyType.Feishu), ("wecom", NotifyType.WeCom), ("slack", NotifyType.Slack),
        ("teams", NotifyType.Teams), ("pagerduty", NotifyType.PagerDuty), ("webhook", NotifyType.Webhook));
    public static readonly Words<Language> Language = new("a language", ("en", Model.Language.English), ("zh", Model.Language.Chinese));
}
