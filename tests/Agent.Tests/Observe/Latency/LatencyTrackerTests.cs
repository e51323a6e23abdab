using CsCheck;
using Headroom.Model;
using Headroom.Observe.Latency;

namespace Headroom.Tests.Observe.Latency;

public class LatencyTrackerTests
{
    private static readonly double[] Bounds = [0.1, 0.5, 1, 5];

    private readonly LatencyTracker _tracker = new("vllm", "10.0.0.1:8000/metrics");

    /// <summary>A scrape of a server that has completed these so far, each in the given seconds.</summary>
    private static LatencyScrape Scrape(double at, IEnumerable<double> completed, double? running = 0, double? waiting = 0)
    {
        var all = completed.ToList();
        return new LatencyScrape
        {
            At = Reads.At(at),
            Histograms = new Dictionary<LatencySignal, LatencyHistogram> { [LatencySignal.EndToEnd] = HistogramOf(all, Bounds) },
            Running = running,
            Waiting = waiting,
        };
    }

    private static LatencyHistogram HistogramOf(IReadOnlyList<double> observed, double[] bounds) =>
        new(bounds, [.. bounds.Select(b => (double)observed.Count(o => o <= b)), observed.Count], observed.Sum());

    private static LatencyScrape Scrape(double at, int completed, double? running = 0, double? waiting = 0) =>
        Scrape(at, Enumerable.Repeat(0.3, completed), running, waiting);

    private static SignalSample EndToEnd(LatencySample sample) => sample.Signals.Single(s => s.Signal == LatencySignal.EndToEnd);

    [Fact]
    public void The_first_scrape_is_a_baseline_only()
    {
        var signal = EndToEnd(_tracker.Add(Scrape(0, 1_000_000)));
        Assert.Null(signal.Window);
        Assert.Null(signal.MeanSeconds);
        Assert.Equal(0, signal.WindowCount);
        Assert.Equal(1_000_000, signal.Total!.Count);
    }

    [Fact]
    public void The_window_is_the_shortest_run_of_scrapes_that_holds_fifty_completions()
    {
        var counts = new[] { 0, 20, 40, 60, 80, 100 };
        LatencySample sample = null!;
        for (var i = 0; i < counts.Length; i++)
            sample = _tracker.Add(Scrape(i, counts[i]));
        Assert.Equal(60, EndToEnd(sample).WindowCount);
        Assert.Equal(TimeSpan.FromSeconds(3), EndToEnd(sample).WindowLength);
        Assert.Equal(200, EndToEnd(_tracker.Add(Scrape(6, 300))).WindowCount);
    }

    [Fact]
    public void With_fewer_than_fifty_it_reaches_back_five_minutes_and_no_further()
    {
        LatencySample sample = null!;
        for (var i = 0; i <= 60; i++)
            sample = _tracker.Add(Scrape(10 * i, i));
        Assert.Equal(30, EndToEnd(sample).WindowCount);
        Assert.Equal(TimeSpan.FromMinutes(5), EndToEnd(sample).WindowLength);

        for (var second = 610; second <= 610 + 300; second += 10)
            sample = _tracker.Add(Scrape(second, 60));
        Assert.Null(EndToEnd(sample).Window);
    }

    [Fact]
    public void After_silence_the_window_holds_only_what_came_after()
    {
        for (var second = 0; second < 1000; second++)
            _tracker.Add(Scrape(second, 5));
        var sample = _tracker.Add(Scrape(1000, [.. Enumerable.Repeat(0.3, 5), 4]));
        Assert.Equal(1, EndToEnd(sample).WindowCount);
        Assert.Equal(TimeSpan.FromSeconds(1), EndToEnd(sample).WindowLength);
        Assert.Equal(4, EndToEnd(sample).MeanSeconds!.Value, 9);
    }

    [Fact]
    public void A_gap_longer_than_a_window_begins_anew()
    {
        _tracker.Add(Scrape(0, 10));
        Assert.Null(EndToEnd(_tracker.Add(Scrape(1000, 500))).Window);
        Assert.Equal(3, EndToEnd(_tracker.Add(Scrape(1001, 503))).WindowCount);
    }

    [Fact]
    public void A_server_that_restarts_yields_no_spike()
    {
        _tracker.Add(Scrape(0, 100));
        _tracker.Add(Scrape(1, 110));
        var sample = _tracker.Add(Scrape(2, 3));
        Assert.Null(EndToEnd(sample).Window);
        Assert.Contains("measured anew", Assert.Single(sample.Remarks));
        Assert.Equal(2, EndToEnd(_tracker.Add(Scrape(3, 5))).WindowCount);
    }

    [Fact]
    public void A_model_that_is_unloaded_takes_its_counts_along_and_yields_no_spike_of_the_others_past()
    {
        // Two models summed; the one with 500 goes, 1,000 of the other's past stay.
        _tracker.Add(Scrape(0, 1500));
        Assert.Null(EndToEnd(_tracker.Add(Scrape(1, 1000))).Window);
        Assert.Equal(4, EndToEnd(_tracker.Add(Scrape(2, 1004))).WindowCount);
    }

    [Fact]
    public void A_mean_that_the_buckets_rule_out_is_unknown()
    {
        // Restarted and already past its old counts, or a sum read later than the buckets: two requests within 0.5 s can't have taken 9 s.
        _tracker.Add(Scrape(0, 10));
        var scrape = Scrape(1, 12);
        var histogram = Reads.EndToEnd(scrape);
        var signal = EndToEnd(_tracker.Add(scrape with
        {
            Histograms = new Dictionary<LatencySignal, LatencyHistogram> { [LatencySignal.EndToEnd] = histogram with { SumSeconds = histogram.SumSeconds + 9 } },
        }));
        Assert.Equal(2, signal.WindowCount);
        Assert.Null(signal.MeanSeconds);
        Assert.Null(signal.Window!.SumSeconds);
    }

    [Fact]
    public void Changed_bounds_are_a_new_baseline()
    {
        _tracker.Add(Scrape(0, 10));
        var other = Scrape(1, 20) with { Histograms = new Dictionary<LatencySignal, LatencyHistogram> { [LatencySignal.EndToEnd] = new([0.2, 2], [20, 20, 20], 6) } };
        Assert.Null(EndToEnd(_tracker.Add(other)).Window);
    }

    [Fact]
    public void Any_counters_with_any_restarts_give_no_negative_and_never_more_than_completed_in_the_window() =>
        // Per scrape: completions since the last one, or a restart.
        Gen.Select(Gen.Double[0, 8].Array[0, 40], Gen.Frequency((8, Gen.Const(false)), (1, Gen.Const(true)))).Array[1, 60].Sample(steps =>
        {
            var tracker = new LatencyTracker("x", "y");
            var sinceStart = new List<double>();
            for (var i = 0; i < steps.Length; i++)
            {
                var (completed, restart) = steps[i];
                if (restart)
                    sinceStart.Clear();
                sinceStart.AddRange(completed);
                var signal = EndToEnd(tracker.Add(Scrape(10 * i, sinceStart, null, null)));
                var cumulative = signal.Window?.Cumulative ?? [0];
                if (cumulative[0] < 0 || cumulative.Zip(cumulative.Skip(1)).Any(p => p.First > p.Second))
                    return false;
                // Where none was slower than the last bound, the mean is not either.
                if (signal.MeanSeconds < 0 || signal.MeanSeconds > 5 + 1e-6 && cumulative[^1] == cumulative[^2])
                    return false;
                var scrapes = (int)(signal.WindowLength.TotalSeconds / 10);
                if (signal.WindowCount > steps.Skip(i - scrapes + 1).Take(scrapes).Sum(s => s.Item1.Length))
                    return false;
            }
            return true;
        }, iter: 3_000);

    [Fact]
    public void The_window_of_a_known_distribution_gives_its_quantile_within_one_bucket()
    {
        var bounds = Gen.Double[0.001, 10].Array[3, 25].Select(b => b.Distinct().Order().ToArray());
        Gen.Select(bounds, Gen.Double[0, 12].Array[0, 100], Gen.Double[0, 12].Array[50, 200], Gen.Double[0.01, 0.99]).Sample((b, before, during, rank) =>
        {
            var tracker = new LatencyTracker("x", "y");
            tracker.Add(ScrapeOf(0, before));
            var window = EndToEnd(tracker.Add(ScrapeOf(1, [.. before, .. during]))).Window!;
            var truth = during.Order().ElementAt(Math.Max(0, (int)Math.Ceiling(rank * during.Length) - 1));
            var seen = LatencyQuantile.Of(window, rank)!.Value;
            return seen.Lower <= truth && truth <= seen.Upper;

            LatencyScrape ScrapeOf(double at, double[] observed) => new()
            {
                At = Reads.At(at),
                Histograms = new Dictionary<LatencySignal, LatencyHistogram> { [LatencySignal.EndToEnd] = HistogramOf(observed, b) },
            };
        }, iter: 3_000);
    }

    [Fact]
    public void A_server_with_sums_only_gives_a_mean_and_no_quantile()
    {
        _tracker.Add(Sums(0, 10, 100));
        var signal = EndToEnd(_tracker.Add(Sums(1, 16, 120)));
        Assert.Equal(LatencyKind.MeanOnly, signal.Kind);
        Assert.Equal(0.3, signal.MeanSeconds!.Value, 9);
        Assert.Equal(20, signal.WindowCount);
        Assert.Null(signal.Window);
        Assert.Null(signal.Total);

        // Restarted: nothing is known until the next look.
        Assert.Null(EndToEnd(_tracker.Add(Sums(2, 0.5, 1))).MeanSeconds);

        static LatencyScrape Sums(double at, double sum, double count) => new()
        {
            At = Reads.At(at),
            Sums = new Dictionary<LatencySignal, (double, double)> { [LatencySignal.EndToEnd] = (sum, count) },
        };
    }

    [Fact]
    public void Nothing_in_flight_and_none_completed_for_ten_seconds_is_idle()
    {
        for (var second = 0; second < 10; second++)
            Assert.False(_tracker.Add(Scrape(second, 5)).IsIdle);
        Assert.True(_tracker.Add(Scrape(10, 5)).IsIdle);
        Assert.False(_tracker.Add(Scrape(11, 5, running: 1)).IsIdle);
        Assert.False(_tracker.Add(Scrape(12, 6)).IsIdle);
        Assert.True(_tracker.Add(Scrape(22, 6)).IsIdle);
    }

    [Fact]
    public void A_busy_server_that_tells_nothing_of_what_runs_and_falls_silent_may_be_starved_and_is_not_called_idle()
    {
        for (var second = 0; second <= 60; second++)
            _tracker.Add(Scrape(second, 100 * second, null, null));
        for (var second = 61; second < 70; second++)
            Assert.Equal((false, false), Quiet(_tracker.Add(Scrape(second, 6000, null, null))));
        for (var second = 70; second < 360; second++)
            Assert.Equal((false, true), Quiet(_tracker.Add(Scrape(second, 6000, null, null))));
        // A whole window without anything: nobody is there any more.
        Assert.Equal((true, false), Quiet(_tracker.Add(Scrape(360, 6000, null, null))));
        Assert.Equal((false, false), Quiet(_tracker.Add(Scrape(361, 6001, null, null))));
    }

    [Fact]
    public void A_gauge_of_those_that_wait_says_nothing_of_those_that_run()
    {
        for (var second = 0; second <= 60; second++)
            _tracker.Add(Scrape(second, 100 * second, null, 0));
        Assert.Equal((false, true), Quiet(_tracker.Add(Scrape(75, 6000, null, 0))));
    }

    [Fact]
    public void Rare_requests_are_no_sign_of_starvation()
    {
        for (var minute = 0; minute < 4; minute++)
            _tracker.Add(Scrape(60 * minute, minute, null, null));
        Assert.Equal((false, false), Quiet(_tracker.Add(Scrape(240, 3, null, null))));
    }

    [Fact]
    public void A_server_that_refreshes_its_metrics_every_ten_seconds_is_not_stalled_in_between()
    {
        var ray = new LatencyTracker("ray-serve", "x", countsCompletions: true, refresh: TimeSpan.FromSeconds(10));
        for (var second = 0; second <= 60; second++)
            Assert.Equal(TimeSpan.Zero, ray.Add(Scrape(second, 40 * (second / 10), 4, 0)).Stalled);
        for (var second = 61; second <= 75; second++)
            ray.Add(Scrape(second, 240, 4, 0));
        Assert.Equal(TimeSpan.FromSeconds(5), ray.Add(Scrape(75, 240, 4, 0)).Stalled);
    }

    [Fact]
    public void Whether_tokens_are_counted_as_they_are_made_is_learned()
    {
        LatencyScrape At(int second, int requests, double tokens) => Scrape(second, requests, 1) with { GeneratedTokens = tokens };
        var atTheEnd = new LatencyTracker("tgi", "x");
        var live = new LatencyTracker("vllm", "x");
        for (var second = 0; second <= 40; second++)
        {
            Assert.False(atTheEnd.Add(At(second, second / 20, second / 20 * 500)).CountsTokensLive);
            Assert.Equal(second >= 1, live.Add(At(second, second / 20, second * 25)).CountsTokensLive);
        }
    }

    private static (bool Idle, bool MayBeStarved) Quiet(LatencySample sample) => (sample.IsIdle, sample.MayBeStarved);

    [Fact]
    public void A_source_that_tells_neither_completions_nor_what_is_in_flight_is_never_idle()
    {
        for (var second = 0; second < 60; second += 10)
            Assert.False(_tracker.Add(new LatencyScrape { At = Reads.At(second), KvCacheRatio = 0.5 }).IsIdle);
    }

    [Fact]
    public void A_source_of_quantiles_that_does_not_count_is_not_idle_because_its_gauge_is_zero_at_the_looks()
    {
        var promQl = new LatencyTracker("promql", "x");
        for (var second = 0; second <= 60; second++)
        {
            Assert.False(promQl.Add(new LatencyScrape
            {
                At = Reads.At(second),
                Running = 0,
                Quantiles = new Dictionary<LatencySignal, IReadOnlyDictionary<double, double>>
                {
                    [LatencySignal.EndToEnd] = new Dictionary<double, double> { [0.95] = 0.9 },
                },
            }).IsIdle);
        }
    }

    [Fact]
    public void A_server_that_only_tells_what_is_in_flight_is_idle_ten_seconds_after_the_last()
    {
        var comfy = new LatencyTracker("comfyui", "x");
        for (var second = 0; second <= 30; second++)
            comfy.Add(new LatencyScrape { At = Reads.At(second), Running = 1 });
        for (var second = 31; second < 40; second++)
            Assert.False(comfy.Add(new LatencyScrape { At = Reads.At(second), Running = 0 }).IsIdle);
        Assert.True(comfy.Add(new LatencyScrape { At = Reads.At(40), Running = 0 }).IsIdle);
    }

    [Fact]
    public void A_server_that_answers_only_errors_is_not_idle()
    {
        for (var second = 0; second <= 60; second++)
            Assert.False(_tracker.Add(Scrape(second, 5) with { FailedRequests = second }).IsIdle);
    }

    [Fact]
    public void Between_two_probes_a_server_is_not_idle()
    {
        var probe = new LatencyTracker("probe", "x", countsCompletions: true, seesUsers: false);
        for (var second = 0; second <= 120; second++)
            Assert.False(probe.Add(Scrape(second, second / 30)).IsIdle);
    }

    [Fact]
    public void A_starved_server_stalls_from_its_last_completion_until_the_next()
    {
        _tracker.Add(Scrape(0, 5, running: 2));
        _tracker.Add(Scrape(1, 7, running: 2));
        Assert.Equal(1, _tracker.Add(Scrape(2, 7, running: 2)).Stalled.TotalSeconds);
        Assert.Equal(29, _tracker.Add(Scrape(30, 7, running: 0, waiting: 4)).Stalled.TotalSeconds);
        Assert.Equal(0, _tracker.Add(Scrape(31, 8, running: 2)).Stalled.TotalSeconds);
    }

    [Fact]
    public void After_idleness_it_stalls_from_when_work_was_first_seen()
    {
        _tracker.Add(Scrape(0, 5));
        _tracker.Add(Scrape(100, 5));
        Assert.Equal(0, _tracker.Add(Scrape(101, 5, running: 1)).Stalled.TotalSeconds);
        Assert.Equal(3, _tracker.Add(Scrape(104, 5, running: 1)).Stalled.TotalSeconds);
        Assert.Equal(0, _tracker.Add(Scrape(105, 5)).Stalled.TotalSeconds);
    }

    [Fact]
    public void Tokens_that_flow_are_progress_though_no_request_completes()
    {
        for (var second = 0; second < 60; second++)
            Assert.Equal(TimeSpan.Zero, _tracker.Add(Scrape(second, 5, running: 1) with { GeneratedTokens = 100 * second }).Stalled);
    }

    [Fact]
    public void Requests_that_arrive_are_no_progress()
    {
        LatencySample sample = null!;
        for (var second = 0; second <= 20; second++)
        {
            sample = _tracker.Add(Scrape(second, 5, running: 1, waiting: second) with
            {
                Requests = second, FailedRequests = second, PromptTokens = 100 * second,
            });
        }
        Assert.Equal(20, sample.Stalled.TotalSeconds);
    }

    [Fact]
    public void A_server_starved_before_its_first_completion_stalls_where_it_is_known_to_count_them()
    {
        var known = new LatencyTracker("tgi", "x", countsCompletions: true);
        var unknown = new LatencyTracker("comfyui", "x");
        for (var second = 0; second <= 5; second++)
        {
            var scrape = new LatencyScrape { At = Reads.At(second), Running = 1 };
            Assert.Equal(second, known.Add(scrape).Stalled.TotalSeconds);
            Assert.Equal(0, unknown.Add(scrape).Stalled.TotalSeconds);
        }
    }

    [Fact]
    public void A_counter_that_appears_is_progress_and_a_baseline()
    {
        _tracker.Add(new LatencyScrape { At = Reads.At(0), Running = 1 });
        _tracker.Add(new LatencyScrape { At = Reads.At(20), Running = 1 });
        var sample = _tracker.Add(Scrape(21, 3, running: 1));
        Assert.Equal(TimeSpan.Zero, sample.Stalled);
        Assert.Null(EndToEnd(sample).Window);
    }

    [Fact]
    public void Months_of_scrapes_keep_no_more_than_a_window()
    {
        // A month of one scrape each ten seconds, now busy, now quiet, counting even by fractions.
        var window = new SignalWindow();
        var completed = 0.0;
        for (var i = 0; i < 260_000; i++)
        {
            completed += i % 7 == 0 ? 0.25 : i % 5000 < 100 ? 70 : 0;
            window.Add(Reads.At(10 * i), new LatencyHistogram(Bounds, [completed, completed, completed, completed, completed], null));
            Assert.InRange(window.Looks, 1, 52);
        }
    }
}
