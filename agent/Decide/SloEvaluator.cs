using System.Globalization;
using Headroom.Model;

namespace Headroom.Decide;

/// <summary>What was seen against what is to be kept. Pure.</summary>
internal static class SloEvaluator
{
    /// <returns>One reading an SLO, in their order, and the worst pressure of them: unknown only when no SLO of them is known.</returns>
    public static (IReadOnlyList<SloReading> Slos, Reading<double> Worst) Evaluate(LatencySample? sample, IReadOnlyList<Slo> slos, MonoTime now)
    {
        var readings = new List<SloReading>(slos.Count);
        foreach (var slo in slos)
            readings.Add(Evaluate(sample, slo, now));
        return (readings, Worst(readings, sample?.At ?? now));
    }

    private static SloReading Evaluate(LatencySample? sample, Slo slo, MonoTime now)
    {
        if (sample is null)
            return new SloReading(slo, null, Reading.Failed<double>(now), "no latency is known");
        if (sample.IsIdle)
            return new SloReading(slo, null, Reading.Idle<double>(sample.At), null);
        if (sample.MayBeStarved)
            return new SloReading(slo, null, Reading.Failed<double>(sample.At), $"completions stopped, and {sample.Source} does not tell what is in flight: idle or starved");
        var target = slo.Target.TotalSeconds;
        var seen = Observe(sample, slo);
        var stalled = StallCounts(sample, slo.Signal) ? sample.Stalled.TotalSeconds : 0;
        // Nothing completes: the oldest request is at least this old, whatever the histogram says of those before. Where the quantile can't
        // be known, a stall short of the target proves nothing either way.
        var counts = seen.Seconds is { } quantile ? stalled > quantile : stalled >= target || seen.State == ReadingState.Failed;
        if (stalled > 0 && counts)
            return new SloReading(slo, seen.Seconds, Reading.Fresh(stalled / target, sample.At), $"requests in flight, none completed for {Words(stalled)}");
        return seen.Seconds is { } seconds
            ? new SloReading(slo, seconds, Reading.Fresh(seconds / target, sample.At), seen.Note)
            : new SloReading(slo, null, new Reading<double>(seen.State, null, sample.At), seen.Note);
    }

    /// <summary>A stall is the age of whole requests. It speaks of tokens only where they are counted as they are made: a server that counts them at the
    /// end shows none during one long healthy answer. Requests that only wait have had no first token, whatever is counted.</summary>
    private static bool StallCounts(LatencySample sample, LatencySignal signal) => signal switch
    {
        LatencySignal.InterToken => sample.CountsTokensLive,
        LatencySignal.TimeToFirstToken => sample.CountsTokensLive || sample is { Running: 0, Waiting: > 0 },
        _ => true,
    };

    private readonly record struct Observed(double? Seconds, string? Note, ReadingState State = ReadingState.Fresh);

    private static Observed Observe(LatencySample sample, Slo slo)
    {
        var word = PresetFields.Word(slo.Signal);
        var signal = sample.Of(slo.Signal);
        return signal switch
        {
            null => Never($"{sample.Source} tells no {word} latency"),
            { Kind: LatencyKind.Histogram, Total.UpperBounds.Count: > 0 } => FromHistogram(signal, slo),
            { Kind: LatencyKind.SourceQuantiles } => FromSource(signal, slo),
            { MeanSeconds: { } mean } => Never($"{sample.Source} tells only a mean of {word} ({Words(mean)}), no quantile"),
            _ => Never($"{sample.Source} tells only a mean of {word}, no quantile"),
        };
    }

    private static Observed FromHistogram(SignalSample signal, Slo slo)
    {
        if (signal.Window is null || LatencyQuantile.Of(signal.Window, slo.Rank) is not { } quantile)
            return new Observed(null, "no request has completed lately", ReadingState.Failed);
        if (quantile.BeyondLastBound)
            return new Observed(quantile.Seconds, $"at least that: beyond the server's last bucket, {Words(quantile.Lower)}");
        if (quantile.InFirstBucket && slo.Target.TotalSeconds < quantile.Upper)
            return Never($"server's first bucket is {Words(quantile.Upper)}; the SLO of {Words(slo.Target.TotalSeconds)} is below it");
        return new Observed(quantile.Seconds, null);
    }

    /// <summary>The nearest rank at or above the one asked: never better than the truth.</summary>
    private static Observed FromSource(SignalSample signal, Slo slo)
    {
        double? best = null;
        foreach (var rank in signal.SourceQuantiles!.Keys)
        {
            if (rank >= slo.Rank - 1e-9 && !(rank >= best))
                best = rank;
        }
        if (best is not { } at)
            return Never($"the source tells no quantile at or above {Percent(slo.Rank)}");
        var note = Math.Abs(at - slo.Rank) < 1e-9 ? "over the source's own window" : $"the source's {Percent(at)}, over its own window";
        return new Observed(signal.SourceQuantiles[at], note);
    }

    private static Observed Never(string note) => new(null, note, ReadingState.Unsupported);

    private static Reading<double> Worst(List<SloReading> readings, MonoTime at)
    {
        Reading<double>? worst = null;
        foreach (var pressure in readings.Select(r => r.Pressure))
        {
            if (worst is not { } known || Weight(pressure) > Weight(known) || Weight(pressure) == Weight(known) && pressure.Value > known.Value)
                worst = pressure;
        }
        return worst ?? Reading.Unsupported<double>(at);
    }

    /// <summary>What is known goes before what is not.</summary>
    private static int Weight(Reading<double> reading) => reading.State switch
    {
        ReadingState.Fresh => 4,
        ReadingState.Idle => 3,
        ReadingState.Stale => 2,
        ReadingState.Failed => 1,
        _ => 0,
    };

    private static string Percent(double rank) => string.Create(CultureInfo.InvariantCulture, $"p{rank * 100:0.##}");

    private static string Words(double seconds) => seconds switch
    {
        < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.##} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.##} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##} s"),
    };
}
