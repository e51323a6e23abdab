namespace Headroom.Model.Reasons;

/// <summary>HR17xx: turns inside a group.</summary>
internal static class TurnTakingReasons
{
    public static readonly ReasonCode Waits = new("HR1701",
        "{workload} waits: in group {group} it is the turn of {holder} for {left} more",
        "{workload} 等待：组 {group} 中当前轮到 {holder}，还剩 {left}");
    public static readonly ReasonCode CriticalTakesNoTurns = new("HR1702",
        "{workload} is critical and takes no turns in group {group}: it always runs",
        "{workload} 优先级为 critical，不参与组 {group} 的轮换，始终运行");
    public static readonly ReasonCode GpuDark = new("HR1703",
        "no turns in group {group} on GPU {gpu}, which does not answer: all run",
        "GPU {gpu} 无响应，组 {group} 暂停轮换：全部运行");

    public static readonly IReadOnlyList<ReasonCode> All = [Waits, CriticalTakesNoTurns, GpuDark];
}
