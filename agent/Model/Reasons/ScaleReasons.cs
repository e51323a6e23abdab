namespace Headroom.Model.Reasons;

/// <summary>HR18xx: replicas of a group, woken and put back.</summary>
internal static class ScaleReasons
{
    public static readonly ReasonCode WokenForLoad = new("HR1801",
        "{workload} is woken: group {group} is at {pressure} of its SLO with {running} running",
        "唤醒 {workload}：组 {group} 有 {running} 个副本在运行，延迟为 SLO 的 {pressure}");
    public static readonly ReasonCode WokenForMin = new("HR1802",
        "{workload} is woken: {running} of group {group} run, at least {min} shall",
        "唤醒 {workload}：组 {group} 仅 {running} 个副本在运行，至少应有 {min} 个");
    public static readonly ReasonCode WokenForRoom = new("HR1803",
        "{workload} is woken: no protected neighbour is above {limit} of its SLO, and {running} of group {group} run",
        "唤醒 {workload}：受保护的邻居均未超过 SLO 的 {limit}，组 {group} 有 {running} 个副本在运行");
    public static readonly ReasonCode PutBackIdle = new("HR1804",
        "{workload} is put back: {left} of group {group} can carry the load at {projected} of the SLO (now {pressure})",
        "撤下 {workload}：组 {group} 用 {left} 个副本即可承担负载，预计为 SLO 的 {projected}（当前 {pressure}）");
    public static readonly ReasonCode PutBackForNeighbour = new("HR1805",
        "{workload} of group {group} is put back: {protected} is at {pressure} of its SLO, above {limit}",
        "撤下组 {group} 的 {workload}：{protected} 的延迟为 SLO 的 {pressure}，超过 {limit}");
    public static readonly ReasonCode PutBackAboveMax = new("HR1806",
        "{workload} is put back: {running} of group {group} run, at most {max} shall",
        "撤下 {workload}：组 {group} 有 {running} 个副本在运行，最多应为 {max} 个");
    public static readonly ReasonCode StillOut = new("HR1807",
        "{workload} of group {group} stays stopped, as it was before the agent started",
        "组 {group} 的 {workload} 保持停止，与代理启动前一致");
    public static readonly ReasonCode NoRoom = new("HR1808",
        "{workload} of group {group} is not woken: it needs {needed}, and GPU {gpu} has {free} to give",
        "不唤醒组 {group} 的 {workload}：需要 {needed}，GPU {gpu} 仅可提供 {free}");
    public static readonly ReasonCode RoomUnknown = new("HR1809",
        "{workload} of group {group} is not woken: what it needs or what its GPU has free is not known; vram.guarantee says what it needs",
        "不唤醒组 {group} 的 {workload}：其显存需求或 GPU 剩余显存未知；可用 vram.guarantee 声明需求");
    public static readonly ReasonCode MayNotStop = new("HR1810",
        "{workload} of group {group} is not put back: only a stop frees its VRAM, and the policy does not say restart.allowed",
        "不撤下组 {group} 的 {workload}：只有停止才能释放显存，而策略未设置 restart.allowed");
    public static readonly ReasonCode AllRun = new("HR1811",
        "group {group} is at {pressure} of its SLO, and no more than {running} can run",
        "组 {group} 的延迟为 SLO 的 {pressure}，最多只能运行 {running} 个副本");

    public static readonly IReadOnlyList<ReasonCode> All =
    [
        WokenForLoad, WokenForMin, WokenForRoom, PutBackIdle, PutBackForNeighbour, PutBackAboveMax, StillOut, NoRoom, RoomUnknown, MayNotStop, AllRun,
    ];
}
