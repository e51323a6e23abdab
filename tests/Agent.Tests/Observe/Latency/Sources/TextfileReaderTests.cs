using System.Diagnostics;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Observe.Latency.Sources;

namespace Headroom.Tests.Observe.Latency.Sources;

public sealed class TextfileReaderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("headroom-textfile");
    private string Path => System.IO.Path.Combine(_folder.FullName, "app.prom");

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task A_script_may_write_a_histogram_and_what_is_in_flight()
    {
        Write("""
            # written by cron
            latency_seconds_bucket{le="0.1"} 3
            latency_seconds_bucket{le="+Inf"} 4
            latency_seconds_sum 0.5
            latency_seconds_count 4
            requests_running 2
            requests_failed_total 1
            """);
        var scrape = await ReadAsync();
        Assert.Equal([3, 4], scrape.Histograms[LatencySignal.EndToEnd].Cumulative);
        Assert.Equal(2, scrape.Running);
        Assert.Equal(1, scrape.FailedRequests);
        Assert.Null(scrape.Waiting);
    }

    [Fact]
    public async Task A_script_may_write_quantiles_by_the_words_of_slos()
    {
        Write("""
            latency_quantile_seconds{rank="p95",model="a"} 0.08
            latency_quantile_seconds{rank="ttftP99"} 0.2
            latency_quantile_seconds{rank="p50"} NaN
            latency_quantile_seconds{rank="fast"} 1
            latency_quantile_seconds 1
            """);
        var scrape = await ReadAsync();
        Assert.Equal(0.08, Assert.Single(scrape.Quantiles[LatencySignal.EndToEnd]).Value);
        Assert.Equal(0.2, Assert.Single(scrape.Quantiles[LatencySignal.TimeToFirstToken]).Value);
        Assert.Contains("2 lines of latency_quantile_seconds left out", Assert.Single(scrape.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_knows_nothing_now_is_no_failure()
    {
        Write("latency_quantile_seconds{rank=\"p95\"} NaN\n");
        Assert.Empty((await ReadAsync()).Quantiles);
    }

    [Fact]
    public async Task What_it_tells_is_as_old_as_the_file()
    {
        Write("requests_running 1\n");
        File.SetLastWriteTimeUtc(Path, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-60));
        var reader = new TextfileReader(Path, TimeProvider.System);
        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.InRange(TimeProvider.System.Mono() - first.At, TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(200));

        // Written later but dated earlier: time does not go back.
        File.SetLastWriteTimeUtc(Path, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-90));
        Assert.Equal(first.At, (await reader.ReadAsync(TestContext.Current.CancellationToken)).At);
    }

    [Theory]
    [InlineData(4, null)]
    [InlineData(6, "was written 6 min ago, more than 5 min: does the script that writes it still run?")]
    [InlineData(-4, null)]
    [InlineData(-6, "was written 6 min in the future: is the clock right?")]
    public async Task A_file_counts_only_while_it_is_young(int minutes, string? words)
    {
        Write("requests_running 1\n");
        File.SetLastWriteTimeUtc(Path, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-minutes));
        if (words is null)
            Assert.Equal(1, (await ReadAsync()).Running);
        else
            Assert.Contains(words, (await FailsAsync(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_replaced_meanwhile_is_read_anew()
    {
        Write("requests_running 1\n");
        var reader = new TextfileReader(Path, TimeProvider.System);
        Assert.Equal(1, (await reader.ReadAsync(CancellationToken.None)).Running);
        File.WriteAllText(Path + ".new", "requests_running 2\n");
        File.Move(Path + ".new", Path, overwrite: true);
        Assert.Equal(2, (await reader.ReadAsync(CancellationToken.None)).Running);
    }

    [Fact]
    public async Task What_cannot_be_a_latency_file_is_told_and_nothing_hangs()
    {
        Assert.Contains("is not there", (await FailsAsync(Path)).Message, StringComparison.Ordinal);
        Assert.Contains("is no regular file", (await FailsAsync(_folder.FullName)).Message, StringComparison.Ordinal);

        using (var mkfifo = Process.Start("mkfifo", Path))
            await mkfifo.WaitForExitAsync();
        Assert.Contains("is no regular file", (await FailsAsync(Path)).Message, StringComparison.Ordinal);
        File.Delete(Path);

        Write("");
        Assert.Contains("has no family that is known", (await FailsAsync(Path)).Message, StringComparison.Ordinal);
        Write("something_else 1\n");
        Assert.Contains("has no family that is known", (await FailsAsync(Path)).Message, StringComparison.Ordinal);

        using (var file = File.OpenWrite(Path))
            file.SetLength(TextfileReader.MaxBytes + 1);
        Assert.Contains("more than 16: is it the right file?", (await FailsAsync(Path)).Message, StringComparison.Ordinal);

        Assert.Equal(EndpointFault.Settings, Assert.Throws<EndpointException>(() => new TextfileReader("app.prom", TimeProvider.System)).Fault);
    }

    private void Write(string text) => File.WriteAllText(Path, text + "\n");

    private async Task<LatencyScrape> ReadAsync() => await new TextfileReader(Path, TimeProvider.System).ReadAsync(CancellationToken.None);

    private static Task<EndpointException> FailsAsync(string path) =>
        Assert.ThrowsAsync<EndpointException>(async () => await new TextfileReader(path, TimeProvider.System).ReadAsync(CancellationToken.None));
}
