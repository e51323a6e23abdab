namespace Headroom.Model.Reasons;

/// <summary>HR15xx: memory that a framework has reserved and does not use.</summary>
internal static class FragmentationReasons
{
    public static readonly ReasonCode Restart = new("HR1501",
        "{workload} is restarted: {ratio} of the {reserved} that its framework has reserved are of no use ({allocated} in use while idle) for {for}; it holds {floor}",
        "{workload} 将重启：其框架预留的 {reserved} 中有 {ratio} 未被使用（空闲时使用 {allocated}），已持续 {for}；现占用 {floor}");
    public static readonly ReasonCode Suspected = new("HR1502",
        "{workload} may be fragmented or leak: it holds {floor} while idle, {baseline} {age} ago; a restart would tell",
        "{workload} 可能存在碎片或泄漏：空闲时占用 {floor}，{age} 前为 {baseline}；重启可确认");
    public static readonly ReasonCode NotIdle = new("HR1503",
        "{workload} is fragmented ({ratio} of {reserved}), and waits until it is idle",
        "{workload} 存在碎片（{reserved} 的 {ratio}），等待其空闲");
    public static readonly ReasonCode NotInWindow = new("HR1504",
        "{workload} is fragmented ({ratio} of {reserved}), and waits for its window",
        "{workload} 存在碎片（{reserved} 的 {ratio}），等待其时间窗口");
    public static readonly ReasonCode LastReplica = new("HR1505",
        "{workload} is fragmented ({ratio} of {reserved}); it is the only running replica (restart.lastReplica: {rule})",
        "{workload} 存在碎片（{reserved} 的 {ratio}），但它是唯一运行的副本（restart.lastReplica: {rule}）");
    public static readonly ReasonCode NoRoom = new("HR1506",
        "{workload} is fragmented ({ratio} of {reserved}), but would not come back: it needs {need} of GPU {gpu}, {room} are there",
        "{workload} 存在碎片（{reserved} 的 {ratio}），但重启后无法恢复：需要 GPU {gpu} 的 {need}，只有 {room}");
    public static readonly ReasonCode DidNotHelp = new("HR1507",
        "{workload} is fragmented ({ratio} of {reserved}); its last restart did not help, it is not repeated",
        "{workload} 存在碎片（{reserved} 的 {ratio}）；上次重启没有效果，不再重复");
    public static readonly ReasonCode ReplicaFirst = new("HR1508",
        "{workload} is fragmented ({ratio} of {reserved}), and waits for {other}: one replica at a time",
        "{workload} 存在碎片（{reserved} 的 {ratio}），等待 {other}：一次只重启一个副本");
    public static readonly ReasonCode RestartProven = new("HR1509",
        "{workload} is restarted: the driver refused it {refused} allocations although card and cap had the bytes free; it holds {floor}",
        "{workload} 将重启：显卡与上限均有空闲显存，驱动仍拒绝了其 {refused} 次分配；现占用 {floor}");
    public static readonly ReasonCode NotNow = new("HR1510",
        "{workload} is fragmented (the driver refused it {refused} allocations although the bytes were free) and is not restarted now: {code}",
        "{workload} 存在碎片（显存空闲时驱动仍拒绝了其 {refused} 次分配），暂不重启：{code}");

    public static readonly IReadOnlyList<ReasonCode> All =
        [Restart, Suspected, NotIdle, NotInWindow, LastReplica, NoRoom, DidNotHelp, ReplicaFirst, RestartProven, NotNow];
}
