namespace Headroom.Model.Reasons;

/// <summary>HR12xx: the gate.</summary>
internal static class GateReasons
{
    public static readonly ReasonCode Yields = new("HR1201",
        "{workload} runs only while {protected} has no request in flight",
        "{workload} 仅在 {protected} 没有处理中的请求时运行");
    public static readonly ReasonCode NotSeen = new("HR1202",
        "no gate for {workload}: the requests of {protected} are not seen well enough from outside ({why}); it gets a share of the time instead",
        "{workload} 不使用请求门控：无法从外部可靠地观察 {protected} 的请求（{why}），改为分配时间份额");
    public static readonly ReasonCode TooBusy = new("HR1203",
        "no gate for {workload}: {protected} has a request in flight {busy} of the time; it gets a share of the time instead",
        "{workload} 不使用请求门控：{protected} 有 {busy} 的时间在处理请求，改为分配时间份额");

    public static readonly ReasonCode TooSlow = new("HR1204",
        "no gate for {workload}: after it has closed the GPU stays busy for {drain}, too long for requests of {protected} that take {request}, and launches can't be held back in it; it gets a share of the time instead",
        "{workload} 不使用请求门控：关闭后 GPU 仍忙碌 {drain}，相对于 {protected} 耗时 {request} 的请求过长，且无法拦截其内核启动，改为分配时间份额");

    public static readonly IReadOnlyList<ReasonCode> All = [Yields, NotSeen, TooBusy, TooSlow];
}
