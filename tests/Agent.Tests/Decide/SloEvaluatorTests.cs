using CsCheck;
using Headroom.Decide;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Tests.Observe.Latency;

namespace Headroom.Tests.Decide;

public class SloEvaluatorTests
{
    private static readonly Slo P95 = new(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(500));

    private static LatencySample Sample(params SignalSample[] signals) => new() { At = Reads.At(100), Source = "vllm", Endpoint = "x", Signals = signals };

    private static SignalSample Histogram(double[] bounds, params double[] cumulative) => new()
    {
        Signal = LatencySignal.EndToEnd,
        Kind = LatencyKind.Histogram,
        Total = new LatencyHistogram(bounds, cumulative, null),
        Window = new LatencyHistogram(bounds, cumulative, null),
        WindowCount = cumulative[^1],
    };

    private static SignalSample Quantiles(params (double Rank, double Seconds)[] quantiles) => new()
    {
        Signal = LatencySignal.EndToEnd,
        Kind = LatencyKind.SourceQuantiles,
        SourceQuantiles = quantiles.ToDictionary(q => q.Rank, q => q.Seconds),
    };

    private static SloReading Evaluate(LatencySample? sample, Slo? slo = null) => SloEvaluator.Evaluate(sample, [slo ?? P95], Reads.At(101)).Slos[0];

    [Fact]
    public void Pressure_is_the_observed_quantile_over_the_target()
    {
        var reading = Evaluate(Sample(Histogram([0.1, 0.5, 1], 0, 90, 100, 100)));
        Assert.Equal(0.75, reading.Observed!.Value, 9);
        Assert.Equal(1.5, reading.Pressure.Known()!.Value, 9);
        Assert.Null(reading.Note);
    }

    [Fact]
    public void Without_a_sample_it_is_failed_and_idle_is_idle()
    {
        Assert.Equal(ReadingState.Failed, Evaluate(null).Pressure.State);
        Assert.Equal(Reads.At(101), Evaluate(null).Pressure.At);
        var idle = Evaluate(Sample(Histogram([0.1, 0.5, 1], 0, 0, 100, 100)) with { IsIdle = true });
        Assert.Equal(ReadingState.Idle, idle.Pressure.State);
        Assert.Null(idle.Pressure.Value);
        Assert.Null(idle.Observed);
    }

    [Fact]
    public void An_slo_below_the_servers_first_bucket_is_unknown_not_high()
    {
        var slo = P95 with { Target = TimeSpan.FromMilliseconds(80) };
        var reading = Evaluate(Sample(Histogram([0.3, 0.5], 100, 100, 100)), slo);
        Assert.Equal(ReadingState.Unsupported, reading.Pressure.State);
        Assert.Null(reading.Observed);
        Assert.Equal("server's first bucket is 300 ms; the SLO of 80 ms is below it", reading.Note);
    }

    [Fact]
    public void But_beyond_the_first_bucket_such_an_slo_is_broken()
    {
        var slo = P95 with { Target = TimeSpan.FromMilliseconds(80) };
        var reading = Evaluate(Sample(Histogram([0.3, 0.5], 50, 100, 100)), slo);
        Assert.True(reading.Pressure.Known() > 3.75);
    }

    [Fact]
    public void In_the_first_bucket_an_slo_above_it_is_kept() =>
        Assert.True(Evaluate(Sample(Histogram([0.3, 0.5], 100, 100, 100))).Pressure.Known() < 0.6);

    [Fact]
    public void Beyond_the_last_bucket_it_is_at_least_that()
    {
        var reading = Evaluate(Sample(Histogram([0.3, 2], 50, 60, 100)));
        Assert.Equal(4, reading.Pressure.Known());
        Assert.Contains("at least", reading.Note);
    }

    [Fact]
    public void A_mean_only_server_is_unknown_with_a_note()
    {
        var mean = new SignalSample { Signal = LatencySignal.EndToEnd, Kind = LatencyKind.MeanOnly, MeanSeconds = 0.012, WindowCount = 50 };
        var reading = Evaluate(Sample(mean));
        Assert.Equal(ReadingState.Unsupported, reading.Pressure.State);
        Assert.Equal("vllm tells only a mean of e2e (12 ms), no quantile", reading.Note);
    }

    [Fact]
    public void But_starvation_counts_for_a_mean_only_server_and_for_a_signal_it_does_not_tell()
    {
        var mean = new SignalSample { Signal = LatencySignal.EndToEnd, Kind = LatencyKind.MeanOnly };
        var starved = Sample(mean) with { Stalled = TimeSpan.FromSeconds(2) };
        Assert.Equal(4, Evaluate(starved).Pressure.Known());
        Assert.Equal(4, Evaluate(starved with { CountsTokensLive = true }, P95 with { Signal = LatencySignal.TimeToFirstToken }).Pressure.Known());
        // Below the target it proves nothing.
        Assert.Null(Evaluate(starved with { Stalled = TimeSpan.FromSeconds(0.2) }).Pressure.Known());
    }

    [Fact]
    public void One_long_healthy_answer_of_a_server_that_counts_tokens_at_the_end_breaks_no_token_slo()
    {
        var answering = Sample(Histogram([0.1], 5, 5)) with { Stalled = TimeSpan.FromSeconds(20), Running = 1, Waiting = 0 };
        Assert.Null(Evaluate(answering, P95 with { Signal = LatencySignal.InterToken }).Pressure.Known());
        Assert.Null(Evaluate(answering, P95 with { Signal = LatencySignal.TimeToFirstToken }).Pressure.Known());
        // Those that only wait have had no first token.
        var waiting = answering with { Running = 0, Waiting = 2 };
        Assert.Equal(40, Evaluate(waiting, P95 with { Signal = LatencySignal.TimeToFirstToken }).Pressure.Known());
        Assert.Null(Evaluate(waiting, P95 with { Signal = LatencySignal.InterToken }).Pressure.Known());
    }

    [Fact]
    public void Idle_or_starved_is_unknown_and_said_so()
    {
        var reading = Evaluate(Sample(Histogram([0.1], 5, 5)) with { MayBeStarved = true });
        Assert.Equal(ReadingState.Failed, reading.Pressure.State);
        Assert.Contains("idle or starved", reading.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Starvation_counts_below_the_first_bucket_too()
    {
        var slo = P95 with { Target = TimeSpan.FromMilliseconds(80) };
        Assert.Equal(2, Evaluate(Sample(Histogram([0.3], 9, 9)) with { Stalled = TimeSpan.FromMilliseconds(160) }, slo).Pressure.Known()!.Value, 9);
    }

    [Fact]
    public void The_greater_of_quantile_and_stall_counts()
    {
        var slow = Sample(Histogram([0.1, 0.5, 1], 0, 90, 100, 100));
        Assert.Equal(1.5, Evaluate(slow with { Stalled = TimeSpan.FromSeconds(0.6) }).Pressure.Known()!.Value, 9);
        var stalled = Evaluate(slow with { Stalled = TimeSpan.FromSeconds(5) });
        Assert.Equal(10, stalled.Pressure.Known());
        Assert.Equal(0.75, stalled.Observed!.Value, 9);
        Assert.Contains("none completed for 5 s", stalled.Note);
    }

    [Fact]
    public void Nothing_completed_and_not_idle_is_not_yet_known_but_its_stall_is()
    {
        var none = Histogram([0.1], 5, 5) with { Window = null };
        Assert.Equal(ReadingState.Failed, Evaluate(Sample(none)).Pressure.State);
        Assert.Equal(0.4, Evaluate(Sample(none) with { Stalled = TimeSpan.FromSeconds(0.2) }).Pressure.Known()!.Value, 9);
    }

    [Theory]
    [InlineData(0.95, 0.7, "over the source's own window")]
    [InlineData(0.9, 0.7, "the source's p95, over its own window")]
    [InlineData(0.99, 0.9, "the source's p99.9, over its own window")]
    public void Of_a_sources_quantiles_the_nearest_at_or_above_counts(double rank, double seconds, string note)
    {
        var reading = Evaluate(Sample(Quantiles((0.5, 0.1), (0.95, 0.7), (0.999, 0.9))), P95 with { Rank = rank });
        Assert.Equal(seconds, reading.Observed);
        Assert.Equal(note, reading.Note);
    }

    [Fact]
    public void Of_a_sources_quantiles_below_the_asked_one_none_counts()
    {
        var reading = Evaluate(Sample(Quantiles((0.5, 99))));
        Assert.Equal(ReadingState.Unsupported, reading.Pressure.State);
        Assert.Equal("the source tells no quantile at or above p95", reading.Note);
    }

    [Fact]
    public void Of_several_slos_the_worst_known_one_counts()
    {
        var sample = Sample(Histogram([0.1, 0.5, 1], 0, 90, 100, 100));
        var (readings, worst) = SloEvaluator.Evaluate(sample, [P95 with { Rank = 0.5 }, P95, P95 with { Signal = LatencySignal.Queue }], Reads.At(101));
        Assert.Equal(3, readings.Count);
        Assert.Equal(1.5, worst.Known()!.Value, 9);
        Assert.Equal(ReadingState.Unsupported, SloEvaluator.Evaluate(sample, [], Reads.At(101)).Worst.State);
        Assert.Equal(ReadingState.Failed, SloEvaluator.Evaluate(null, [P95], Reads.At(101)).Worst.State);
        Assert.Equal(ReadingState.Idle, SloEvaluator.Evaluate(sample with { IsIdle = true }, [P95, P95], Reads.At(101)).Worst.State);
    }

    [Fact]
    public void A_server_starved_of_all_progress_breaks_its_slo_within_slo_and_two_scrapes() =>
        // It serves requests of 0.2 s one after another until it starves with one in flight, at any moment between two scrapes.
        Gen.Select(Gen.Double[0.2, 10], Gen.Double[0, 1], Gen.Double[0.3, 20], Gen.Int[0, 2])
            .Sample((interval, phase, target, which) =>
            {
                var signal = (LatencySignal)which;
                var slo = new Slo(signal, 0.95, TimeSpan.FromSeconds(target));
                var tracker = new LatencyTracker("x", "y");
                var starves = 30 + phase * interval;
                for (var at = 0.0; at <= starves + target + 2 * interval + 1e-6; at += interval)
                {
                    // The first answer is a long one, of 25 s: tokens move while no request ends, and so it is learned that they are counted live.
                    var completed = Math.Floor(Math.Max(0, Math.Min(at, starves) - 25) / 0.2);
                    var histogram = new LatencyHistogram([0.1, 0.25, 1], [0, completed, completed, completed], 0.2 * completed);
                    var sample = tracker.Add(new LatencyScrape
                    {
                        At = Reads.At(at),
                        Histograms = new Dictionary<LatencySignal, LatencyHistogram> { [LatencySignal.EndToEnd] = histogram, [signal] = histogram },
                        Running = 1,
                        // Tokens come all the time, so the server shows that it counts them as they are made.
                        GeneratedTokens = Math.Floor(Math.Min(at, starves) * 50),
                    });
                    if (SloEvaluator.Evaluate(sample, [slo], Reads.At(at)).Worst.Known() >= 1)
                        return at > starves;
                }
                return false;
            }, iter: 5_000);
}
