namespace Headroom.Model.Reasons;

/// <summary>HR13xx: the rule <c>batchWindow</c>.</summary>
internal static class BatchWindowReasons
{
    public static readonly ReasonCode Paused = new("HR1301",
        "{workload} is paused outside its window {window}, which opens {opens}",
        "{workload} 不在其时间窗 {window} 内，已暂停；下次开启：{opens}");
    public static readonly ReasonCode Stopped = new("HR1302",
        "{workload} is stopped outside its window {window}, which opens {opens}",
        "{workload} 不在其时间窗 {window} 内，已停止；下次开启：{opens}");
    public static readonly ReasonCode Throttled = new("HR1303",
        "{workload} runs {share} of the time outside its window {window}, which opens {opens}",
        "{workload} 不在其时间窗 {window} 内，仅运行 {share} 的时间；下次开启：{opens}");
    public static readonly ReasonCode NotIdle = new("HR1304",
        "{workload} is paused outside its window {window}, which opens {opens}: {protected} is not known to be idle",
        "{workload} 不在其时间窗 {window} 内，且无法确认 {protected} 空闲，已暂停；下次开启：{opens}");
    public static readonly ReasonCode AllowedWhileIdle = new("HR1305",
        "{workload} runs outside its window {window}: no protected workload on its GPUs has requests",
        "{workload} 在时间窗 {window} 之外运行：其 GPU 上没有受保护的负载正在处理请求");
    public static readonly ReasonCode ClosedByPressure = new("HR1306",
        "{workload}: window {window} counts as closed until pressure has been below {reopen} for {wait}: {protected} reached {pressure} of its SLO, closeAbovePressure is {limit}",
        "{workload}：时间窗 {window} 视为关闭，直到压力低于 {reopen} 并持续 {wait}：{protected} 已达其 SLO 的 {pressure}，closeAbovePressure 为 {limit}");
    public static readonly ReasonCode StillClosedByPressure = new("HR1307",
        "{workload}: window {window} still counts as closed: pressure must be below {reopen} for {wait}, closeAbovePressure is {limit}",
        "{workload}：时间窗 {window} 仍视为关闭：压力须低于 {reopen} 并持续 {wait}，closeAbovePressure 为 {limit}");
    public static readonly ReasonCode Started = new("HR1308",
        "{workload} is started once in its window {window}, which closes {closes}",
        "{workload} 在时间窗 {window} 内启动一次；窗口关闭时间：{closes}");
    public static readonly ReasonCode Done = new("HR1309",
        "{workload} is done with its window {window} (exit code 0): it starts again when the next one opens; this one closes {closes}",
        "{workload} 已完成时间窗 {window} 内的任务（退出码 0），下一个窗口开启时再启动；本窗口关闭时间：{closes}");
    public static readonly ReasonCode Failed = new("HR1310",
        "{workload} ended with exit code {exit} in its window {window}: it is not started again before the next one opens; this one closes {closes}",
        "{workload} 在时间窗 {window} 内以退出码 {exit} 结束，下一个窗口开启前不再启动；本窗口关闭时间：{closes}");
    public static readonly ReasonCode StartedAlready = new("HR1311",
        "{workload} does not run, and was started in its window {window} already: it is not started again before the next one opens; this one closes {closes}",
        "{workload} 未在运行，但在时间窗 {window} 内已启动过一次，下一个窗口开启前不再启动；本窗口关闭时间：{closes}");
    public static readonly ReasonCode UnknownWindow = new("HR1312",
        "{workload} names the window {window}, which the policy does not have: no window is kept",
        "{workload} 指定的时间窗 {window} 在策略中不存在：不按时间窗限制");
    public static readonly ReasonCode NeverOpens = new("HR1313",
        "{workload}: window {window} does not open within {years} years",
        "{workload}：时间窗 {window} 在 {years} 年内不会开启");
    public static readonly ReasonCode NotIdleLong = new("HR1314",
        "{workload} is paused outside its window {window}, which opens {opens}: the protected workloads on its GPUs have not been idle for {quiet} yet",
        "{workload} 不在其时间窗 {window} 内，且其 GPU 上受保护的负载空闲未满 {quiet}，已暂停；下次开启：{opens}");

    public static readonly IReadOnlyList<ReasonCode> All =
    [
        Paused, Stopped, Throttled, NotIdle, AllowedWhileIdle, ClosedByPressure, StillClosedByPressure, Started, Done, Failed, StartedAlready, UnknownWindow, NeverOpens,
        NotIdleLong,
    ];
}
