namespace Headroom.Model.Reasons;

/// <summary>HR16xx: memory that grows and grows.</summary>
internal static class RunawayMemoryReasons
{
    public static readonly ReasonCode Capped = new("HR1601",
        "{workload} may not grow beyond {cap} on GPU {gpu}: it grows by {growth} a minute, {left} until {limit} is used up",
        "{workload} 在 GPU {gpu} 上不得超过 {cap}：每分钟增长 {growth}，{left} 后将耗尽{limit}");
    public static readonly ReasonCode Held = new("HR1602",
        "{workload} is held: it grew by {growth} a minute to {used} on GPU {gpu}, {left} until {limit} is used up",
        "{workload} 已暂停：在 GPU {gpu} 上每分钟增长 {growth}，已达 {used}，{left} 后将耗尽{limit}");
    public static readonly ReasonCode Restart = new("HR1603",
        "{workload} is restarted: it grew by {growth} a minute to {used} on GPU {gpu}, {left} until {limit} is used up",
        "{workload} 将重启：在 GPU {gpu} 上每分钟增长 {growth}，已达 {used}，{left} 后将耗尽{limit}");
    public static readonly ReasonCode StillHeld = new("HR1604",
        "{workload} is restarted: held for {held} with {used} on GPU {gpu} that it does not give back",
        "{workload} 将重启：已暂停 {held}，仍占用 GPU {gpu} 的 {used} 而未归还");
    public static readonly ReasonCode OnlyItself = new("HR1605",
        "{workload} grows by {growth} a minute on GPU {gpu}: {left} until its own cap of {cap}; it harms only itself and is not held",
        "{workload} 在 GPU {gpu} 上每分钟增长 {growth}：{left} 后达到自身上限 {cap}；只影响自己，不暂停");

    public static readonly IReadOnlyList<ReasonCode> All = [Capped, Held, Restart, StillHeld, OnlyItself];
}
