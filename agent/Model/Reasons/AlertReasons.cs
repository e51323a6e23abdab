namespace Headroom.Model.Reasons;

/// <summary>HR20xx: holds that alerts start.</summary>
internal static class AlertReasons
{
    public static readonly ReasonCode Held = new("HR2001",
        "alert {alert} holds {workload} at {share} for {left} more, unless it fires again",
        "告警 {alert} 将 {workload} 限制在 {share}，若不再触发，还剩 {left}");
    public static readonly ReasonCode Unnamed = new("HR2002",
        "alert {alert} fires and starts nothing: the policy's alerts do not name it",
        "告警 {alert} 已触发，但策略的 alerts 未列出它，不执行任何操作");
    public static readonly ReasonCode NobodyThere = new("HR2003",
        "alert {alert} fires and holds nobody: nothing runs of {target}",
        "告警 {alert} 已触发，但 {target} 没有正在运行的负载");

    public static readonly IReadOnlyList<ReasonCode> All = [Held, Unnamed, NobodyThere];
}
