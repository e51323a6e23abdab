namespace Headroom.Model.Reasons;

/// <summary>HR11xx: the latency guard and blame.</summary>
internal static class GuardReasons
{
    public static readonly ReasonCode CutBySm = new("HR1101",
        "held {workload} at {share}: {protected} {slo} {observed} > {target} for {for}; blamed: SM {rise}",
        "将 {workload} 限制到 {share}：{protected} 的 {slo} 为 {observed}，超过 {target} 已 {for}；归因：SM 上升 {rise}");
    public static readonly ReasonCode CutByMemory = new("HR1102",
        "held {workload} at {share}: {protected} {slo} {observed} > {target} for {for}; blamed: VRAM up by {rise}",
        "将 {workload} 限制到 {share}：{protected} 的 {slo} 为 {observed}，超过 {target} 已 {for}；归因：显存增加 {rise}");
    public static readonly ReasonCode CutByRequests = new("HR1103",
        "held {workload} at {share}: {protected} {slo} {observed} > {target} for {for}; blamed: {rise} more requests in work",
        "将 {workload} 限制到 {share}：{protected} 的 {slo} 为 {observed}，超过 {target} 已 {for}；归因：处理中的请求增加 {rise}");
    public static readonly ReasonCode CutAll = new("HR1104",
        "held {workload} at {share}: {protected} {slo} {observed} > {target} for {for}; no neighbour stands out, so all below it give way",
        "将 {workload} 限制到 {share}：{protected} 的 {slo} 为 {observed}，超过 {target} 已 {for}；没有明显的责任方，因此所有低优先级负载让路");
    public static readonly ReasonCode Stalled = new("HR1105",
        "held {workload} at {share}: {protected} has requests in flight and completed none for {observed} (SLO {target})",
        "将 {workload} 限制到 {share}：{protected} 有处理中的请求，但已 {observed} 没有完成任何一个（SLO {target}）");
    public static readonly ReasonCode Eased = new("HR1106",
        "held {workload} at {share}: {protected} {slo} is at {pressure} of its limit",
        "将 {workload} 限制到 {share}：{protected} 的 {slo} 已达上限的 {pressure}");
    public static readonly ReasonCode Suspended = new("HR1107",
        "paused {workload}: {protected} {slo} {observed} > {target} although it ran only {share}",
        "暂停 {workload}：仅以 {share} 运行时，{protected} 的 {slo} 仍为 {observed}，超过 {target}");
    public static readonly ReasonCode Evicted = new("HR1108",
        "stopped {workload}: it had to be paused for {protected} again within ten minutes ({times} pauses lately)",
        "停止 {workload}：十分钟内又需要为 {protected} 暂停它（近期共 {times} 次）");
    public static readonly ReasonCode Growing = new("HR1109",
        "gives back to {workload}, now {share}: {protected} is at {pressure} of its limit",
        "逐步恢复 {workload}，现为 {share}：{protected} 处于上限的 {pressure}");
    public static readonly ReasonCode Idle = new("HR1110",
        "gives back to {workload}, now {share}: {protected} is idle",
        "恢复 {workload}，现为 {share}：{protected} 空闲");
    public static readonly ReasonCode GaveBackUnknown = new("HR1111",
        "gives back to {workload}, now {share}: the latency of {protected} has not been known for {for}",
        "恢复 {workload}，现为 {share}：{protected} 的延迟已 {for} 未知");
    public static readonly ReasonCode NotTheirFault = new("HR1112",
        "gives back to {workload}, now {share}: {protected} stayed at {pressure} of its limit with everything below it held, so its neighbours are not the cause",
        "恢复 {workload}，现为 {share}：所有低优先级负载都已暂停，{protected} 仍处于上限的 {pressure}，说明并非邻居所致");
    public static readonly ReasonCode NobodyBelow = new("HR1113",
        "{protected} {slo} {observed} > {target}, and nothing of lower priority shares its GPU: its own load, its settings or its SLO",
        "{protected} 的 {slo} 为 {observed}，超过 {target}，且同卡没有更低优先级的负载：请检查其自身负载、配置或 SLO");
    public static readonly ReasonCode OwnLoad = new("HR1114",
        "{protected} stays at {pressure} of its limit with everything below it held: its own load, its settings or its SLO",
        "即使所有低优先级负载都已暂停，{protected} 仍处于上限的 {pressure}：请检查其自身负载、配置或 SLO");
    public static readonly ReasonCode Unknown = new("HR1115",
        "the latency of {protected} is not known ({why}): no new holds for its sake",
        "{protected} 的延迟未知（{why}）：不会为其新增限制");
    public static readonly ReasonCode BlamedButNotBelow = new("HR1116",
        "{workload} rose before the breach of {protected} (score {score}) but is not below it: not touched",
        "{workload} 在 {protected} 违约前上升（得分 {score}），但优先级不低于它：不干预");
    public static readonly ReasonCode Never = new("HR1117",
        "{workload} rose before the breach of {protected} (score {score}) but yields never: not touched",
        "{workload} 在 {protected} 违约前上升（得分 {score}），但设置为从不让路：不干预");
    public static readonly ReasonCode Innocent = new("HR1118",
        "{workload} is left alone: it did not rise before the breach of {protected}",
        "{workload} 不受影响：它在 {protected} 违约前没有上升");
    public static readonly ReasonCode FromGate = new("HR1119",
        "held {workload} at {share}: it stood aside by the gate and begins with its floor",
        "将 {workload} 限制到 {share}：此前由门控让路，现从下限开始");
    public static readonly ReasonCode CutByViolations = new("HR1120",
        "held {workload} at {share}: several requests of {protected} took longer than the {target} of its {slo}",
        "将 {workload} 限制到 {share}：{protected} 有多个请求超过了 {slo} 的 {target}");
    public static readonly ReasonCode AllGated = new("HR1121",
        "{protected} {slo} {observed} > {target} although all below it stand aside for its requests: its own load, its settings or its SLO",
        "{protected} 的 {slo} 为 {observed}，超过 {target}，尽管所有低优先级负载都在为其请求让路：请检查其自身负载、配置或 SLO");
    public static readonly ReasonCode Queue = new("HR1122",
        "held {workload} at {share}: {waiting} requests wait for {protected} and will take about {forecast} > {target} ({slo})",
        "将 {workload} 限制到 {share}：{protected} 有 {waiting} 个请求在排队，预计需要 {forecast}，超过 {target}（{slo}）");
    public static readonly ReasonCode SuspendedByQueue = new("HR1123",
        "paused {workload}: {waiting} requests wait for {protected} and will take about {forecast} > {target} ({slo}), although it ran only {share}",
        "暂停 {workload}：仅以 {share} 运行时，{protected} 仍有 {waiting} 个请求在排队，预计需要 {forecast}，超过 {target}（{slo}）");

    public static readonly IReadOnlyList<ReasonCode> All =
    [
        CutBySm, CutByMemory, CutByRequests, CutAll, Stalled, Eased, Suspended, Evicted, Growing, Idle, GaveBackUnknown, NotTheirFault, NobodyBelow, OwnLoad,
        Unknown, BlamedButNotBelow, Never, Innocent, FromGate, CutByViolations, AllGated, Queue, SuspendedByQueue,
    ];
}
