namespace Headroom.Model.Reasons;

/// <summary>HR10xx: what the planner itself says when it puts the rules' wishes together.</summary>
internal static class PlannerReasons
{
    public static readonly ReasonCode NotOptedIn = new("HR1001",
        "{workload} is not opted in: label it headroom.enable=true or name it in the policy (wanted: {wanted})",
        "{workload} 未加入管理：请加标签 headroom.enable=true 或写入策略（本应：{wanted}）");
    public static readonly ReasonCode Exempt = new("HR1002",
        "{workload} is exempt, never acted on (wanted: {wanted})",
        "{workload} 已豁免，永不干预（本应：{wanted}）");
    public static readonly ReasonCode NotBelow = new("HR1003",
        "{workload} has priority {priority}, not below {protected}: not touched (wanted: {wanted})",
        "{workload} 的优先级 {priority} 不低于 {protected}：不干预（本应：{wanted}）");
    public static readonly ReasonCode TooManyHeld = new("HR1004",
        "{workload} runs on: {held} of {managed} opted-in workloads are held already, limits.maxHeld is {limit} (wanted: {wanted})",
        "{workload} 继续运行：{managed} 个受管负载中已有 {held} 个被暂停，limits.maxHeld 为 {limit}（本应：{wanted}）");
    public static readonly ReasonCode HeldTooLong = new("HR1005",
        "{workload} is given back after {held}: limits.maxHold is {limit} (wanted: {wanted})",
        "{workload} 已被限制 {held}，超过 limits.maxHold {limit}，予以恢复（本应：{wanted}）");
    public static readonly ReasonCode SeveralGpus = new("HR1006",
        "{workload} uses {gpus} GPUs: freezing a part of it could hang the rest, and it may not be stopped (restart.allowed) (wanted: {wanted})",
        "{workload} 使用 {gpus} 张 GPU：冻结其中一部分可能使其余部分卡死，且策略未允许停止它（restart.allowed）（本应：{wanted}）");
    public static readonly ReasonCode BreakerOpen = new("HR1007",
        "{workload} is left alone: the breaker is open, {breaker}; a person resets it (wanted: {wanted})",
        "{workload} 保持不变：熔断器已打开，{breaker}；需人工复位（本应：{wanted}）");
    public static readonly ReasonCode RestartsSpent = new("HR1008",
        "{workload} is not restarted: {spent} (wanted: {wanted})",
        "{workload} 不重启：{spent}（本应：{wanted}）");
    public static readonly ReasonCode Ineffective = new("HR1009",
        "{workload}: {lever} was found to do nothing there (wanted: {wanted})",
        "{workload}：{lever} 在此无效（本应：{wanted}）");
    public static readonly ReasonCode DidNotHelp = new("HR1010",
        "{workload} is not restarted again: the last time did not help (wanted: {wanted})",
        "{workload} 不再重启：上次重启没有效果（本应：{wanted}）");
    public static readonly ReasonCode RestartNotAllowed = new("HR1011",
        "{workload} may not be restarted: the policy does not say restart.allowed (wanted: {wanted})",
        "{workload} 不能重启：策略未设置 restart.allowed（本应：{wanted}）");
    public static readonly ReasonCode GivenBack = new("HR1012",
        "{workload} is given back",
        "{workload} 已恢复");

    public static readonly IReadOnlyList<ReasonCode> All =
    [
        NotOptedIn, Exempt, NotBelow, TooManyHeld, HeldTooLong, SeveralGpus, BreakerOpen, RestartsSpent, Ineffective, DidNotHelp, RestartNotAllowed, GivenBack,
    ];
}
