using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Observe.Latency.Sources;
using Headroom.Tests.Support;

namespace Headroom.Tests.Observe.Latency.Sources;

public sealed class PromQlReaderTests
{
    private const string One = """{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"gate"},"value":[1763870000.123,"0.0825"]}]}}""";

    [Fact]
    public async Task Each_query_gives_one_quantile_and_the_words_say_of_what()
    {
        await using var server = Server(query => query switch
        {
            "histogram_quantile(0.95, x)" => One,
            "ttft" => """{"status":"success","data":{"resultType":"scalar","result":[1763870000,"1.5e-1"]},"warnings":["late"]}""",
            "sum(running)" => """{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1763870000,"3"]}]}}""",
            _ => throw new InvalidOperationException(query),
        });
        using var reader = Reader(server, new() { ["p95"] = "histogram_quantile(0.95, x)", ["ttftP99"] = "ttft" }, "sum(running)");

        var scrape = await reader.ReadAsync(CancellationToken.None);
        Assert.Equal(0.0825, scrape.Quantiles[LatencySignal.EndToEnd][0.95]);
        Assert.Equal(0.15, scrape.Quantiles[LatencySignal.TimeToFirstToken][0.99]);
        Assert.Equal(3, scrape.Running);
        Assert.Equal(1, server.Connections);
        Assert.All(server.Requests, request => Assert.StartsWith("/prom/api/v1/query?query=", request.Path, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"status":"success","data":{"resultType":"vector","result":[]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1763870000,"NaN"]}]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"scalar","result":[1763870000,"+Inf"]}}""")]
    public async Task No_series_or_no_number_is_unknown_and_not_zero(string answer)
    {
        await using var server = Server(_ => answer);
        using var reader = Reader(server, new() { ["p95"] = "x" }, "y");

        var scrape = await reader.ReadAsync(CancellationToken.None);
        Assert.Empty(scrape.Quantiles);
        Assert.Null(scrape.Running);
    }

    [Theory]
    [InlineData(200, """{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"2"]}]}}""",
        "gives 2 series: narrow it to one")]
    [InlineData(200, """{"status":"success","data":{"resultType":"matrix","result":[]}}""", "gives a matrix")]
    [InlineData(200, """{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}""", "has no value")]
    [InlineData(200, """{"status":"success","data":{"resultType":"string","result":[1,"hello"]}}""", "gives a string")]
    [InlineData(200, """{"status":"success"}""", "no data.result")]
    [InlineData(200, """[1,2]""", "no `status: success`")]
    [InlineData(400, """{"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end of input"}""",
        "Prometheus says: 1:5: parse error: unexpected end of input")]
    [InlineData(502, "<html>Bad Gateway</html>", "answers with status 502 and no JSON")]
    [InlineData(200, "", "no JSON")]
    public async Task An_answer_that_is_not_one_value_is_told(int status, string body, string words)
    {
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, status, body));
        using var reader = Reader(server, new() { ["p95"] = "x" }, null);

        var error = await Assert.ThrowsAsync<EndpointException>(async () => await reader.ReadAsync(CancellationToken.None));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prometheus:9090", "p95", "must start with http://")]
    [InlineData("file:///etc/passwd", "p95", "must start with http://")]
    [InlineData("http://prometheus:9090", "fast", "`fast` is no quantile")]
    [InlineData("http://prometheus:9090", "p100", "`p100` is no quantile")]
    [InlineData("http://prometheus:9090", "xP95", "`xP95` is no quantile")]
    public void Settings_that_cannot_work_are_refused(string url, string word, string words)
    {
        var error = Assert.Throws<EndpointException>(() =>
            new PromQlReader(new PrometheusQuery(url, new Dictionary<string, string> { [word] = "x" }, null), TimeProvider.System));
        Assert.Equal(EndpointFault.Settings, error.Fault);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_in_the_address_are_sent_and_never_shown()
    {
        await using var server = Server(_ => One);
        using var reader = new PromQlReader(
            new PrometheusQuery($"http://me:s3cret@127.0.0.1:{server.Port}", new Dictionary<string, string> { ["p95"] = "x" }, null), TimeProvider.System);

        await reader.ReadAsync(CancellationToken.None);
        Assert.Equal($"http://127.0.0.1:{server.Port}/api/v1/query", reader.Endpoint);
        Assert.Equal("Basic bWU6czNjcmV0", server.Requests[0].Headers["Authorization"]);
    }

    private static RawHttpServer Server(Func<string, string> answer) => new((request, stream, _) =>
        RawHttpServer.ReplyAsync(stream, 200, answer(Uri.UnescapeDataString(request.Path.Split("query=")[1])), "Content-Type: application/json\r\n"));

    private static PromQlReader Reader(RawHttpServer server, Dictionary<string, string> seconds, string? running) =>
        new(new PrometheusQuery($"http://127.0.0.1:{server.Port}/prom/", seconds, running), TimeProvider.System);
}
