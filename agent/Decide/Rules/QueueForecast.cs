using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>How long those that are in flight now will have taken, by Little's law: as many as are in flight / as many as are answered a second. A queue tells of a
/// breach before its first slow answer does.</summary>
internal static class QueueForecast
{
    private static readonly TimeSpan Over = TimeSpan.FromSeconds(15);
    /// <summary>A shorter queue comes and goes by chance.</summary>
    private const double Queue = 5;

    /// <summary>Fewer answers make no rate: a burst of long requests has none for as long as they take.</summary>
    private const double LeastAnswered = 5;

    /// <summary>Counts completions while somebody waits: what the server can do, not what it is asked for.</summary>
    public static ProtectedMemory Count(WorkloadSnapshot workload, ProtectedMemory m)
    {
        if (workload.Latency is not { } latency || latency.At == m.CompletedAt)
            return m;
        var completed = latency.Of(LatencySignal.EndToEnd)?.Total?.Count;
        var (waits, waited) = (latency.Waiting > 0, m.WaitsSince is not null);
        var counted = m with { Completed = completed, CompletedAt = latency.At, WaitsSince = waits ? m.WaitsSince ?? latency.At : null };
        if (completed is not { } now || m.Completed is not { } before || m.CompletedAt is not { } at || now < before || latency.At - at > Over)
            return counted with { Answered = 0, AnsweredSeconds = 0, WaitsSince = waits ? latency.At : null };
        if (!waits || !waited)
            return counted with { Answered = waits || waited ? m.Answered : 0, AnsweredSeconds = waits || waited ? m.AnsweredSeconds : 0 };
        var (took, kept) = (latency.At - at, Math.Exp(-(latency.At - at) / Over));
        return counted with { Answered = m.Answered * kept + (now - before), AnsweredSeconds = m.AnsweredSeconds * kept + took.TotalSeconds };
    }

    /// <summary>Against the tightest SLO on whole requests; null when few wait, or the server does not tell.</summary>
    public static double? Pressure(WorkloadSnapshot workload, ProtectedMemory m)
    {
        if (workload.Latency is not { Waiting: >= Queue } latency || m.AnsweredSeconds <= 0 || Tightest(workload) is not { } slo)
            return null;
        // Starved all but outright: so few come that they never make a rate. Where somebody has waited for the whole target all the same,
        // the most that it can be will do, and what it forecasts is the least.
        if (m.Answered < LeastAnswered && !(latency.At - m.WaitsSince >= slo.Target))
            return null;
        return ((latency.Running ?? 0) + latency.Waiting) / (Math.Max(m.Answered, LeastAnswered) / m.AnsweredSeconds) / slo.Target.TotalSeconds;
    }

    /// <summary>SLO on whole requests; null without one.</summary>
    public static Slo? Tightest(WorkloadSnapshot workload)
    {
        Slo? tightest = null;
        foreach (var reading in workload.Slos)
            if (reading.Slo.Signal == LatencySignal.EndToEnd && !(tightest?.Target <= reading.Slo.Target))
                tightest = reading.Slo;
        return tightest;
    }
}
