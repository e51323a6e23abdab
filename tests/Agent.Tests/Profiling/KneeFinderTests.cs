using CsCheck;
using Headroom.Profiling;

namespace Headroom.Tests.Profiling;

public sealed class KneeFinderTests
{
    private static readonly double[] Shares = [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.15, 2];
    private static readonly double[] Near = [0.93, 1, 1.07];

    [Fact]
    public void The_knee_of_a_known_queue_is_found_within_a_tenth_whatever_its_service_time() =>
        (from service in Gen.Double[0.002, 0.5] from factor in Gen.Double[2, 5] from seed in Gen.Int[1, 1_000_000] select (service, factor, seed)).Sample(
            s =>
            {
                var unloaded = new LatencySummary(100, s.service, s.service, s.service, s.service, s.service, s.service);
                var steps = Shares.Select((share, i) => Step(s.service, share / s.service, 10_000 * s.service, s.seed + i)).ToList();
                // As a run does it: what the sweep found is then looked at more closely.
                var about = KneeFinder.Find(unloaded, steps, s.factor * s.service)!.RequestsPerSecond;
                steps.AddRange(Near.Select((part, i) => Step(s.service, part * about, 10_000 * s.service, s.seed + 100 + i)));
                var knee = KneeFinder.Find(unloaded, steps, s.factor * s.service)!;
                var known = OneWorker.Knee(s.service, s.factor * s.service);
                Assert.True(knee.Reached);
                Assert.InRange(knee.RequestsPerSecond / known, 0.9, 1.1);
                Assert.InRange(knee.CapacityPerSecond!.Value * s.service, 0.97, 1.03);
            }, iter: 30, threads: 1);

    [Fact]
    public void A_server_that_was_never_asked_enough_has_no_knee_yet()
    {
        var unloaded = new LatencySummary(100, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02);
        var knee = KneeFinder.Find(unloaded, [Step(0.02, 5, 20, 1), Step(0.02, 10, 20, 2)], 0.06)!;
        Assert.False(knee.Reached);
        Assert.Equal((10, (double?)null), (knee.RequestsPerSecond, knee.CapacityPerSecond));
    }

    [Fact]
    public void A_short_overload_does_not_look_like_a_fast_server()
    {
        var unloaded = new LatencySummary(100, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02);
        var overload = Step(0.02, 500, 0.1, 3);
        Assert.True(overload.Saturated);
        var knee = KneeFinder.Find(unloaded, [Step(0.02, 10, 30, 1), overload], 1)!;
        Assert.True(knee.Reached);
    }

    [Fact]
    public void Latency_that_seems_to_fall_with_the_rate_is_chance()
    {
        var unloaded = new LatencySummary(1000, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02);
        ProfileStep At(double rate, double p95) => Step(0.02, rate, 30, 1) with { Latency = new LatencySummary(300, p95, p95, p95, p95, p95, p95), Saturated = false };
        var knee = KneeFinder.Find(unloaded, [At(10, 0.065), At(20, 0.03), At(30, 0.04), At(40, 0.1)], 0.06)!;
        Assert.InRange(knee.RequestsPerSecond, 30, 40);
    }

    [Fact]
    public void Nothing_measured_is_no_knee() =>
        Assert.Null(KneeFinder.Find(new LatencySummary(1, 1, 1, 1, 1, 1, 1), [], 3));

    private static ProfileStep Step(double service, double perSecond, double seconds, int seed) =>
        StepSummary.Of("sweep", OneWorker.Record(service, perSecond, seconds, seed), cv: 1, null);
}
