namespace Headroom.Model.Reasons;

/// <summary>HR19xx: GPUs that are sick.</summary>
internal static class GpuHealthReasons
{
    public static readonly ReasonCode Gone = new("HR1901",
        "GPU {gpu} is {health} ({detail}): no new work there",
        "GPU {gpu} 状态为 {health}（{detail}）：不再放置新任务");
    public static readonly ReasonCode Recovery = new("HR1902",
        "GPU {gpu}: the driver asks for {action}: no new work there",
        "GPU {gpu}：驱动要求 {action}：不再放置新任务");
    public static readonly ReasonCode Xid = new("HR1903",
        "GPU {gpu}: XID {xid} ({count} since the agent started): no new work there until it was looked at",
        "GPU {gpu}：XID {xid}（自代理启动以来 {count} 次）：检查之前不再放置新任务");
    public static readonly ReasonCode ProgramXid = new("HR1904",
        "GPU {gpu}: XID {xid} ({count} since the agent started): a program's fault, the GPU is well",
        "GPU {gpu}：XID {xid}（自代理启动以来 {count} 次）：程序错误，GPU 本身正常");
    public static readonly ReasonCode Ecc = new("HR1905",
        "GPU {gpu}: {count} uncorrected ECC errors since {age}: no new work there until it was looked at",
        "GPU {gpu}：{age} 内出现 {count} 个不可纠正的 ECC 错误：检查之前不再放置新任务");
    public static readonly ReasonCode RemapFailed = new("HR1906",
        "GPU {gpu}: a row of its memory could not be remapped: the card should be replaced",
        "GPU {gpu}：显存行重映射失败：应更换该卡");
    public static readonly ReasonCode RemapPending = new("HR1907",
        "GPU {gpu}: a row remapping waits for a GPU reset",
        "GPU {gpu}：显存行重映射等待 GPU 复位");
    public static readonly ReasonCode Slowed = new("HR1908",
        "GPU {gpu} slows itself down: {reasons}",
        "GPU {gpu} 正在自行降频：{reasons}");
    public static readonly ReasonCode StaysHeld = new("HR1910",
        "{workload} is not let back onto GPU {gpu}: {detail}",
        "{workload} 暂不放回 GPU {gpu}：{detail}");
    public static readonly ReasonCode Throttled = new("HR1911",
        "{workload} runs its floor of {share}: GPU {gpu} slows itself down ({reasons}), {protected} goes first",
        "{workload} 仅按下限 {share} 运行：GPU {gpu} 正在降频（{reasons}），优先保证 {protected}");

    public static readonly IReadOnlyList<ReasonCode> All =
        [Gone, Recovery, Xid, ProgramXid, Ecc, RemapFailed, RemapPending, Slowed, StaysHeld, Throttled];
}
