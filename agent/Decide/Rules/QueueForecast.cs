using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>How long those that are in flight now will have taken, by Little's law: as many as are in flight / as many as are answered a second. A queue tells of a
/// breach before its first slow answer does.</summary>
internal static class QueueForecast
{
    private static readonly TimeSpan Over = TimeSpan.FromSeconds(15);

    /// <summary>Keeps the rate of completions while somebody waits: what the server can do, not what it is asked for.</summary>
    public static ProtectedMemory Count(WorkloadSnapshot workload, ProtectedMemory m, TimeSpan elapsed)
    {
        var completed = workload.Latency?.Of(LatencySignal.EndToEnd)?.Total?.Count;
        var waits = workload.Latency?.Waiting > 0;
        if (completed is not { } now || m.Completed is not { } before || now < before || elapsed <= TimeSpan.Zero || !waits || !m.Waited)
            return m with { Completed = completed, Waited = waits };
        var rate = (now - before) / elapsed.TotalSeconds;
        var part = 1 - Math.Exp(-elapsed / Over);
        return m with { Completed = now, CompletionRate = m.CompletionRate is { } usual ? usual + (rate - usual) * part : rate };
    }

    /// <summary>Against the tightest SLO on whole requests; null when nobody waits, or the server does not tell.</summary>
    public static double? Pressure(WorkloadSnapshot workload, ProtectedMemory m)
    {
        if (workload.Latency is not { Waiting: > 0 } || m.CompletionRate is not > 0)
            return null;
        double? tightest = null;
        foreach (var slo in workload.Slos)
            if (slo.Slo.Signal == LatencySignal.EndToEnd && !(tightest <= slo.Slo.Target.TotalSeconds))
                tightest = slo.Slo.Target.TotalSeconds;
        return InFlight(workload) / m.CompletionRate / tightest;
    }

    private static double? InFlight(WorkloadSnapshot workload) => workload.Latency is { } latency ? (latency.Running ?? 0) + (latency.Waiting ?? 0) : null;
}
