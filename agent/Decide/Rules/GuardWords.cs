using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Why a workload stands where the guard put it.</summary>
internal static class GuardWords
{
    public static Reason Of(string workload, ThrottledMemory m, Demand demand, ProtectedJudgement by, MonoTime now)
    {
        var share = ReasonValue.Ratio(m.Share);
        var hurt = by.Workload.Name;
        var pressure = ReasonValue.Ratio(by.Evidence.Pressure ?? 0);
        switch (demand)
        {
            case Demand.GiveBack when by.Evidence.Idle:
                return GuardReasons.Idle.With(("workload", workload), ("share", share), ("protected", hurt));
            case Demand.GiveBack when by.Evidence.Unknown:
                return GuardReasons.GaveBackUnknown.With(("workload", workload), ("share", share), ("protected", hurt), ("for", now - (by.Memory.UnknownSince ?? now)));
            case Demand.GiveBack:
                return GuardReasons.NotTheirFault.With(("workload", workload), ("share", share), ("protected", hurt), ("pressure", ReasonValue.Ratio(by.Memory.ClearedAt ?? 0)));
            case Demand.Grow or Demand.Keep:
                return GuardReasons.Growing.With(("workload", workload), ("share", share), ("protected", hurt), ("pressure", pressure));
            case Demand.Ease:
                return GuardReasons.Eased.With(
                    ("workload", workload), ("share", share), ("protected", hurt),
                    ("pressure", ReasonValue.Ratio(Math.Max(by.Evidence.Pressure ?? 0, by.Forecast ?? 0))), ("slo", by.Evidence.Worst?.Slo.Name ?? ""));
        }
        var worst = by.Evidence.Worst!;
        var observed = ReasonValue.Seconds((by.Evidence.Pressure ?? by.Evidence.Seen ?? 0) * worst.Slo.Target.TotalSeconds);
        if (m.State == ThrottleState.Evicted)
            return GuardReasons.Evicted.With(("workload", workload), ("protected", hurt), ("times", ReasonValue.Count(m.Suspensions)));
        if (by.Evidence.Stalled && m.State < ThrottleState.Suspended)
            return GuardReasons.Stalled.With(("workload", workload), ("share", share), ("protected", hurt), ("observed", observed), ("target", worst.Slo.Target));
        // Too few answers since the last step to speak of news: what is told of the last fifty still holds.
        var seen = by.Evidence.Pressure ?? by.Evidence.Seen;
        if (by.Forecast is { } forecast && forecast > 1 && !(seen > 1))
            return (m.State == ThrottleState.Suspended ? GuardReasons.SuspendedByQueue : GuardReasons.Queue).With(
                ("workload", workload), ("share", share), ("protected", hurt), ("waiting", ReasonValue.Count(by.Workload.Latency?.Waiting ?? 0)),
                ("forecast", ReasonValue.Seconds(forecast * QueueForecast.Tightest(by.Workload)!.Target.TotalSeconds)),
                ("target", QueueForecast.Tightest(by.Workload)!.Target), ("slo", QueueForecast.Tightest(by.Workload)!.Name));
        if (m.State == ThrottleState.Suspended)
            return GuardReasons.Suspended.With(
                ("workload", workload), ("share", share), ("protected", hurt), ("slo", worst.Slo.Name), ("observed", observed), ("target", worst.Slo.Target));
        if (!(seen > 1))
            return GuardReasons.CutByViolations.With(("workload", workload), ("share", share), ("protected", hurt), ("target", worst.Slo.Target), ("slo", worst.Slo.Name));
        var (code, rise) = Evidence(by.Memory.Breach?.Neighbours.FirstOrDefault(n => n.Workload == workload && n.Guilty));
        return code.With(
            ("workload", workload), ("share", share), ("protected", hurt), ("slo", worst.Slo.Name), ("observed", observed), ("target", worst.Slo.Target),
            ("for", now - (by.Memory.HighSince ?? now)), ("rise", rise));
    }

    private static (ReasonCode Code, ReasonValue Rise) Evidence(Blamed? blamed) => blamed?.Sign switch
    {
        BlameSign.Sm => (GuardReasons.CutBySm, ReasonValue.Points(blamed.SmRise ?? 0)),
        BlameSign.Memory => (GuardReasons.CutByMemory, ReasonValue.Bytes(blamed.MemoryRiseBytes)),
        BlameSign.Requests => (GuardReasons.CutByRequests, ReasonValue.Count(blamed.RunningRise ?? 0)),
        _ => (GuardReasons.CutAll, ReasonValue.Count(0)),
    };
}
