using Headroom.Model;

namespace Headroom.Cli.Status;

/// <summary>Latency against its SLOs, a line each: what was seen, what is to be kept, and in words how near that is. Markup.</summary>
internal static class LatencyCell
{
    // From here on latencyGuard would begin to hold others back.
    private const double Near = 0.85;
    private const double ShownRank = 0.95;

    /// <param name="narrow">The verdict on a line of its own.</param>
    public static string Of(WorkloadSnapshot workload, bool narrow) =>
        workload.Slos.Count > 0 ? string.Join('\n', workload.Slos.Select(slo => Slo(slo, workload.Latency, narrow ? "\n  " : ", ")))
        : workload.Latency is { } sample ? WithoutSlo(sample)
        : Cells.Unknown;

    private static string Slo(SloReading reading, LatencySample? sample, string verdict) =>
        $"{reading.Slo.Name} {Figures.LatencyOf(reading.Observed, reading.Slo.Target.TotalSeconds)}{verdict}{Pressure(reading, sample)}";

    private static string Pressure(SloReading reading, LatencySample? sample)
    {
        if (reading.Pressure.Known() is not { } pressure)
            return reading.Pressure.State == ReadingState.Idle ? "idle" : "[yellow]unknown[/]";
        var percent = Figures.Percent(pressure);
        // Nothing completes, and the wait is longer than any answer that was seen.
        if (sample is { Stalled.Ticks: > 0 } && !(pressure * reading.Slo.Target.TotalSeconds <= reading.Observed))
            return pressure > 1 ? $"[red bold]{percent} stalled[/]" : $"[yellow]{percent} stalled[/]";
        return pressure switch
        {
            > 1 => $"[red bold]{percent} too slow[/]",
            > Near => $"[yellow]{percent} near[/]",
            _ => $"[green]{percent} ok[/]",
        };
    }

    private static string WithoutSlo(LatencySample sample)
    {
        if (sample.IsIdle)
            return "idle";
        foreach (var kind in (LatencySignal[])[LatencySignal.EndToEnd, LatencySignal.TimeToFirstToken, LatencySignal.InterToken])
            if (sample.Signals.FirstOrDefault(s => s.Signal == kind) is { } signal && Signal(signal) is { } words)
                return words;
        return Cells.Unknown;
    }

    private static string? Signal(SignalSample signal)
    {
        var name = new Slo(signal.Signal, ShownRank, TimeSpan.FromSeconds(1)).Name;
        if (signal.Window is { } window && LatencyQuantile.Of(window, ShownRank) is { } quantile)
            return $"{name} {(quantile.InFirstBucket ? "below " + Figures.Latency(quantile.Upper) : (quantile.BeyondLastBound ? "above " : "") + Figures.Latency(quantile.Seconds))}";
        if (signal.SourceQuantiles is { } own && own.TryGetValue(ShownRank, out var seconds))
            return $"{name} {Figures.Latency(seconds)}";
        return signal.MeanSeconds is { } mean ? $"{PresetFields.Word(signal.Signal)} mean {Figures.Latency(mean)}" : null;
    }
}
