using Headroom.Profiling;
using Headroom.Profiling.Load;

namespace Headroom.Tests.Profiling;

public sealed class StepSummaryTests
{
    [Fact]
    public void A_request_without_an_answer_counts_with_the_time_it_has_waited()
    {
        var flights = Enumerable.Range(0, 9).Select(i => new Flight(i) { Left = i, Ended = i + 0.1 }).Append(new Flight(9) { Left = 9 }).ToList();
        var step = StepSummary.Of("sweep", new Recording(1, 10, flights, GaveUp: 39, Overrun: false), 1, null);
        Assert.Equal((10, 9, 0, 1), (step.Sent, step.Answered, step.Failed, step.Unanswered));
        Assert.Equal(30, step.Latency!.Max);
        Assert.Equal(0.1, step.Latency.P50, 6);
    }

    [Fact]
    public void Errors_are_counted_by_their_words_and_are_no_fast_answers()
    {
        List<Flight> flights =
        [
            new Flight(0) { Left = 0, Ended = 1 }, new Flight(1) { Left = 1, Ended = 1.001, Error = "HTTP 503" },
            new Flight(2) { Left = 2, Ended = 2.001, Error = "HTTP 503" }, new Flight(3) { Left = 3, Ended = 3.5, Error = "connection refused" },
        ];
        var step = StepSummary.Of("sweep", new Recording(1, 4, flights, 4, Overrun: false), 1, null);
        Assert.Equal([new("HTTP 503", 2), new("connection refused", 1)], step.Errors);
        Assert.Equal((1, 1.0), (step.Latency!.Count, step.Latency.P50));
        Assert.Equal(0.25, step.AnsweredPerSecond);
    }

    [Fact]
    public void Times_of_a_stream_count_from_when_the_request_was_due()
    {
        var flight = new Flight(1) { Left = 1.5, FirstEvent = 2, Ended = 2.2 };
        flight.Gaps.AddRange([0.1, 0.1]);
        var step = StepSummary.Of("sweep", new Recording(1, 4, [flight], 4, Overrun: false), 1, null);
        Assert.Equal(1, step.Ttft!.P50);
        Assert.Equal((2, 0.1), (step.Itl!.Count, step.Itl.P50));
        Assert.Equal(0.5, step.ClientLateSeconds);
    }

    [Theory]
    [InlineData(0.5, false)]
    [InlineData(0.9, false)]
    [InlineData(1.3, true)]
    [InlineData(3, true)]
    public void More_than_it_answers_is_too_much(double load, bool saturated)
    {
        for (var seed = 1; seed <= 20; seed++)
            Assert.Equal(saturated, StepSummary.Of("sweep", OneWorker.Record(0.02, load / 0.02, 20, seed), 1, null).Saturated);
    }
}
