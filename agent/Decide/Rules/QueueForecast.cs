using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>How long those that are in flight now will have taken, by Little's law: as many as are in flight / as many as are answered a second. A queue tells of a
/// breach before its first slow answer does.</summary>
internal static class QueueForecast
{
    private static readonly TimeSpan Over = TimeSpan.FromSeconds(15);
    /// <summary>What the server did longer ago, perhaps beside other neighbours, says nothing of now.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    /// <summary>A shorter queue comes and goes by chance.</summary>
    private const double Queue = 5;

    /// <summary>Keeps the rate of completions while somebody waits: what the server can do, not what it is asked for.</summary>
    public static ProtectedMemory Count(WorkloadSnapshot workload, ProtectedMemory m, MonoTime at, TimeSpan elapsed)
    {
        var completed = workload.Latency?.Of(LatencySignal.EndToEnd)?.Total?.Count;
        var waits = workload.Latency?.Waiting > 0;
        if (completed is not { } now || m.Completed is not { } before || now < before || elapsed <= TimeSpan.Zero || !waits || !m.Waited)
            return m with { Completed = completed, Waited = waits };
        var rate = (now - before) / elapsed.TotalSeconds;
        var part = 1 - Math.Exp(-elapsed / Over);
        var usual = m.CompletionRateAt is { } last && at - last <= Over ? m.CompletionRate : null;
        return m with { Completed = now, CompletionRate = usual is { } known ? known + (rate - known) * part : rate, CompletionRateAt = at };
    }

    /// <summary>Against the tightest SLO on whole requests; null when few wait, or the server does not tell.</summary>
    public static double? Pressure(WorkloadSnapshot workload, ProtectedMemory m, MonoTime now)
    {
        if (workload.Latency is not { Waiting: >= Queue } || m.CompletionRate is not > 0 || !(now - m.CompletionRateAt <= Fresh))
            return null;
        double? tightest = null;
        foreach (var slo in workload.Slos)
            if (slo.Slo.Signal == LatencySignal.EndToEnd && !(tightest <= slo.Slo.Target.TotalSeconds))
                tightest = slo.Slo.Target.TotalSeconds;
        return InFlight(workload) / m.CompletionRate / tightest;
    }

    private static double? InFlight(WorkloadSnapshot workload) => workload.Latency is { } latency ? (latency.Running ?? 0) + (latency.Waiting ?? 0) : null;
}
