using Headroom.Model;
using Headroom.Run;

namespace Headroom.Tests.Run;

public sealed class ActivityWitnessTests
{
    private readonly ActivityWitness _witness = new();
    private int _reading;

    private WorkloadActivity Look(int inFlight, long requests, double? running, double? completed = null) => _witness.Round()(
        "id",
        new WorkloadActivity(ActivityConfidence.High, inFlight, 0, default) { Requests = requests },
        new LatencySample { At = new MonoTime(TimeSpan.FromSeconds(++_reading)), Source = "vllm", Endpoint = "", Running = running, Requests = completed })!;

    [Fact]
    public void A_server_that_works_while_nothing_comes_in_gets_its_requests_by_another_way()
    {
        for (var i = 0; i < 5; i++)
            Assert.Equal(ActivityConfidence.High, Look(0, 7, 1).Confidence);
        var seen = Look(0, 7, 1);
        Assert.Equal((ActivityConfidence.Low, 1L), (seen.Confidence, seen.Disagreements));
        Assert.Contains("queue", seen.Why, StringComparison.Ordinal);
        Assert.Equal(ActivityConfidence.High, Look(0, 8, 1).Confidence);
    }

    [Fact]
    public void So_does_one_that_only_counts_what_it_has_answered()
    {
        var last = Look(0, 7, null, 100);
        for (var i = 1; i <= 5; i++)
            last = Look(0, 7, null, 100 + i);
        Assert.Equal(ActivityConfidence.Low, last.Confidence);
    }

    [Fact]
    public void Requests_that_come_and_go_between_two_readings_are_no_disagreement()
    {
        for (var i = 0; i < 50; i++)
            Assert.Equal(ActivityConfidence.High, Look(0, i, 1).Confidence);
    }

    [Fact]
    public void A_request_that_the_server_knows_nothing_of_is_misread()
    {
        for (var i = 0; i < 10; i++)
            Assert.Equal(ActivityConfidence.High, Look(1, 7, 0).Confidence);
        Assert.Equal(ActivityConfidence.Low, Look(1, 7, 0).Confidence);
    }

    [Fact]
    public void The_same_reading_seen_twice_says_nothing_new()
    {
        Look(0, 7, 1);
        for (var i = 0; i < 50; i++)
        {
            _reading = 1;
            Assert.Equal(ActivityConfidence.High, Look(0, 7, 1).Confidence);
            _reading = 1;
        }
    }
}
