namespace Headroom.Model.Reasons;

/// <summary>HR14xx: who may hold how much of a GPU's memory.</summary>
internal static class VramCapsReasons
{
    public static readonly ReasonCode AsWritten = new("HR1401",
        "{workload} may hold {cap} on GPU {gpu}, as written (holds {used})",
        "{workload} 在 GPU {gpu} 上最多占用 {cap}（按策略；现占用 {used}）");
    public static readonly ReasonCode FollowsUse = new("HR1402",
        "{workload} may hold {cap} on GPU {gpu}: it holds {used}, is guaranteed {guarantee}, {room} are shared out there",
        "{workload} 在 GPU {gpu} 上最多占用 {cap}：现占用 {used}，保证 {guarantee}，该卡可分配共 {room}");
    public static readonly ReasonCode ShrunkToFit = new("HR1403",
        "{workload} may hold {cap} instead of {written} on GPU {gpu}: the caps there sum to {sum}, the room is {room}",
        "{workload} 在 GPU {gpu} 上最多占用 {cap}，而非 {written}：该卡上限总和 {sum}，可用 {room}");
    public static readonly ReasonCode NoGrowth = new("HR1404",
        "{workload} may not grow beyond {cap} on GPU {gpu}: {protected} needs the room",
        "{workload} 在 GPU {gpu} 上不得超过 {cap}：{protected} 需要这些显存");
    public static readonly ReasonCode GivesUpMemory = new("HR1405",
        "{workload} gives up {used} on GPU {gpu}: {protected} lacks {deficit} of its guarantee",
        "{workload} 让出 GPU {gpu} 上的 {used}：{protected} 的保证显存还差 {deficit}");
    public static readonly ReasonCode StaysOut = new("HR1406",
        "{workload} stays out of GPU {gpu} until {need} are free beside what {protected} may count on (now {free})",
        "{workload} 暂不回到 GPU {gpu}：除 {protected} 的保证外需空闲 {need}（现为 {free}）");
    public static readonly ReasonCode ReserveShrunk = new("HR1410",
        "GPU {gpu}: the reserve is {reserve} instead of {written}, {total} hold no more beside what is written and what others hold",
        "GPU {gpu}：预留显存为 {reserve}，而非 {written}：总量 {total} 扣除策略所定与其他占用后只剩这些");
    public static readonly ReasonCode GuaranteesDoNotFit = new("HR1411",
        "GPU {gpu}: guarantees of {guarantees} do not fit, {room} are left beside what others hold: caps stay as they are",
        "GPU {gpu}：保证显存共 {guarantees}，除其他占用外只有 {room}，无法满足：各上限保持不变");
    public static readonly ReasonCode Overcommitted = new("HR1412",
        "GPU {gpu} is overcommitted: what is written sums to {sum}, the room is {room}",
        "GPU {gpu} 超额分配：策略所定总和 {sum}，可用 {room}");
    public static readonly ReasonCode Full = new("HR1413",
        "GPU {gpu} is full: {held} are held or guaranteed, the room is {room}; lowering a cap frees nothing",
        "GPU {gpu} 已满：已占用或已保证 {held}，可用 {room}；降低上限并不会释放显存");
    public static readonly ReasonCode HoldsMore = new("HR1414",
        "{workload} holds {used} on GPU {gpu}, more than its cap of {written}: it may not grow; only itself can give back",
        "{workload} 在 GPU {gpu} 上占用 {used}，超过其上限 {written}：不得再增长，只有它自己能归还");
    public static readonly ReasonCode Hidden = new("HR1415",
        "{workload} gets no cap by use on GPU {gpu}: the driver hides the memory of {processes} of its processes",
        "{workload} 在 GPU {gpu} 上不按用量设上限：驱动未提供其 {processes} 个进程的显存用量");
    public static readonly ReasonCode Unknown = new("HR1416",
        "GPU {gpu}: its memory is not known for {age}: caps stay as they are, and are given back after {limit}",
        "GPU {gpu}：已有 {age} 无法获知显存情况：各上限保持不变，{limit} 后解除");
    public static readonly ReasonCode Split = new("HR1417",
        "GPU {gpu} is split by MIG: its instances are the caps",
        "GPU {gpu} 已用 MIG 划分：实例大小即为上限");
    public static readonly ReasonCode NobodyMayYield = new("HR1418",
        "{protected} lacks {deficit} of its guarantee on GPU {gpu}, and no lower priority there may be put to sleep or stopped (restart.allowed)",
        "{protected} 在 GPU {gpu} 上的保证显存还差 {deficit}，而该卡上没有允许休眠或停止（restart.allowed）的低优先级负载");
    public static readonly ReasonCode WatchOnly = new("HR1419",
        "{workload} is only watched on GPU {gpu}: nothing can cap it there ({why})",
        "{workload} 在 GPU {gpu} 上仅被监视：无法对其设上限（{why}）");

    public static readonly IReadOnlyList<ReasonCode> All =
    [
        AsWritten, FollowsUse, ShrunkToFit, NoGrowth, GivesUpMemory, StaysOut,
        ReserveShrunk, GuaranteesDoNotFit, Overcommitted, Full, HoldsMore, Hidden, Unknown, Split, NobodyMayYield, WatchOnly,
    ];
}
