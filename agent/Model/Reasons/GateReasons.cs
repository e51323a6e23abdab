namespace Headroom.Model.Reasons;

/// <summary>HR12xx: the gate.</summary>
internal static class GateReasons
{
    public static readonly ReasonCode Yields = new("HR1201",
        "{workload} runs only while {protected} has no request in flight",
        "{workload} 仅在 {protected} 没有处理中的请求时运行");
    public static readonly ReasonCode NotSeen = new("HR1202",
        "no gate for {workload}: the requests of {protected} are not seen well enough from outside; it gets a share of the time instead",
        "{workload} 不使用请求门控：无法从外部可靠地观察 {protected} 的请求，改为分配时间份额");
    public static readonly ReasonCode TooBusy = new("HR1203",
        "no gate for {workload}: {protected} has a request in flight {busy} of the time; it gets a share of the time instead",
        "{workload} 不使用请求门控：{protected} 有 {busy} 的时间在处理请求，改为分配时间份额");

    public static readonly IReadOnlyList<ReasonCode> All = [Yields, NotSeen, TooBusy];
}
