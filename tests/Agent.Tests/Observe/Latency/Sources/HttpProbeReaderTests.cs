using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Observe.Latency.Sources;
using Headroom.Testing;
using Headroom.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Observe.Latency.Sources;

public sealed class HttpProbeReaderTests
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private readonly WatchedTime _time = new();

    [Fact]
    public async Task First_and_last_byte_are_timed_and_land_in_their_buckets()
    {
        await using var server = new RawHttpServer(async (_, stream, _) =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(40));
            var looks = _time.Looks;
            await RawHttpServer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
            await Eventually.TrueAsync(() => _time.Looks > looks, what: "the first byte is timed");
            _time.Advance(TimeSpan.FromMilliseconds(160));
            await RawHttpServer.WriteAsync(stream, "cd");
        });
        await using var reader = Reader(server, new HttpProbe("POST", "/v1/completions", null, """{"prompt":"hi"}""", Every));

        // Not looked at meanwhile: a look reads the clock too.
        await reader.ReadAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => server.Requests.Count == 1 && _time.SinceStart >= TimeSpan.FromMilliseconds(200), what: "the answer is sent");
        var scrape = await FinishedAsync(reader, 1);
        Assert.Equal(0.2, scrape.Histograms[LatencySignal.EndToEnd].SumSeconds!.Value, 3);
        Assert.Equal(1, AtOrBelow(scrape.Histograms[LatencySignal.EndToEnd], 0.2));
        Assert.Equal(0, AtOrBelow(scrape.Histograms[LatencySignal.EndToEnd], 0.15));
        Assert.Equal(1, AtOrBelow(scrape.Histograms[LatencySignal.TimeToFirstToken], 0.05));
        Assert.Equal(0, scrape.FailedRequests);
        Assert.Equal("POST /v1/completions", Assert.Single(server.Asked));
        Assert.Equal("""{"prompt":"hi"}""", server.Requests[0].Body);
    }

    [Fact]
    public async Task A_probe_that_hangs_shows_as_running_and_holds_nobody_up()
    {
        await using var server = new RawHttpServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        await using var reader = Reader(server, new HttpProbe("GET", "/ask", null, null, Every));

        var first = await reader.ReadAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => server.Requests.Count == 1, what: "the probe arrives");
        _time.Advance(TimeSpan.FromSeconds(30));
        var later = await reader.ReadAsync(CancellationToken.None);

        Assert.Equal(1, first.Running);
        Assert.Equal(1, later.Running);
        Assert.Equal(0, later.Requests);
        Assert.Equal(0, later.Histograms[LatencySignal.EndToEnd].Count);
        // Due long ago, but never two at once.
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_probe_given_up_counts_as_failed_and_as_slower_than_any_bucket_and_is_repeated_at_once()
    {
        await using var server = new RawHttpServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        await using var reader = Reader(server, new HttpProbe("GET", "/ask", null, null, TimeSpan.FromHours(1)));

        await reader.ReadAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => server.Requests.Count == 1, what: "the probe arrives");
        _time.Advance(HttpProbeReader.Limits.Whole + TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(async () => (await reader.ReadAsync(CancellationToken.None)).Requests == 1, what: "the probe is given up");
        var scrape = await reader.ReadAsync(CancellationToken.None);

        Assert.Equal(1, scrape.FailedRequests);
        Assert.Equal(0, AtOrBelow(scrape.Histograms[LatencySignal.EndToEnd], 60));
        Assert.Equal(1, scrape.Histograms[LatencySignal.EndToEnd].Count);
        Assert.Equal(1, scrape.Running);
        Assert.Contains("did not answer within 60 s", Assert.Single(scrape.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_of_the_model_is_a_failure_and_no_latency()
    {
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 503, "full"));
        await using var reader = Reader(server, new HttpProbe("GET", "/ask", null, null, Every));

        var scrape = await FinishedAsync(reader, 1);
        Assert.Equal(1, scrape.FailedRequests);
        Assert.Equal(0, scrape.Histograms[LatencySignal.EndToEnd].Count);
        Assert.Contains("status 503", Assert.Single(scrape.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Probes_are_sent_no_more_often_than_asked()
    {
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 200, "ok"));
        await using var reader = Reader(server, new HttpProbe("GET", "/ask", null, null, Every));

        await FinishedAsync(reader, 1);
        for (var second = 0; second < 4; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(0, (await reader.ReadAsync(CancellationToken.None)).Running);
        }
        _time.Advance(TimeSpan.FromSeconds(1));
        await FinishedAsync(reader, 2);
        Assert.Equal(2, server.Requests.Count);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_server_that_is_down_is_told_as_a_failed_source_until_it_is_back()
    {
        var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 200, "ok"));
        var port = server.Port;
        await server.DisposeAsync();
        await using var reader = new HttpProbeReader(Some.Container(), new HttpProbe("GET", "/ask", null, null, Every), port, _time);

        await reader.ReadAsync(CancellationToken.None);
        EndpointException? down = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await reader.ReadAsync(CancellationToken.None);
                    return false;
                }
                catch (EndpointException e)
                {
                    down = e;
                    return true;
                }
            }, what: "the refused probe is told");
        Assert.Contains("connection refused", down!.Message, StringComparison.Ordinal);
    }

    private HttpProbeReader Reader(RawHttpServer server, HttpProbe probe) => new(Some.Container(), probe, server.Port, _time);

    private static async Task<LatencyScrape> FinishedAsync(HttpProbeReader reader, double requests)
    {
        LatencyScrape? scrape = null;
        await Eventually.TrueAsync(
            async () => (scrape = await reader.ReadAsync(CancellationToken.None)).Requests == requests, what: $"{requests} probes finish");
        return scrape!;
    }

    private static double AtOrBelow(LatencyHistogram histogram, double bound) =>
        histogram.Cumulative[histogram.UpperBounds.ToList().IndexOf(bound)];

    /// <summary>Tells how often the clock was read.</summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        private int _looks;

        public int Looks => Volatile.Read(ref _looks);
        public TimeSpan SinceStart => GetUtcNow() - Start;

        public override long GetTimestamp()
        {
            Interlocked.Increment(ref _looks);
            return base.GetTimestamp();
        }
    }
}
