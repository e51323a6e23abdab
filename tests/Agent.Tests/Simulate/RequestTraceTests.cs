using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class RequestTraceTests
{
    private const string Azure = """
        TIMESTAMP,ContextTokens,GeneratedTokens
        2023-11-16 18:15:46.6805900,374,44
        2023-11-16 18:15:50.9951690,396,109

        2023-11-16 18:15:51.2224670,879,55
        """;

    [Fact]
    public void The_columns_of_the_azure_traces_are_read_relative_to_the_first()
    {
        var trace = Read(Azure);

        Assert.Equal([0, 4.314579, 4.541877], trace.Requests.Select(request => request.At.TotalSeconds));
        Assert.Equal(new TokenLengths(396, 109), trace.Requests[1].Lengths);
    }

    [Fact]
    public void One_column_of_seconds_is_read_without_lengths()
    {
        var trace = Read("100.5\n101\n101\n1.02e2\n");

        Assert.Equal([0, 0.5, 0.5, 1.5], trace.Requests.Select(request => request.At.TotalSeconds));
        Assert.All(trace.Requests, request => Assert.Null(request.Lengths));
    }

    [Theory]
    [InlineData("", "t.csv:0: there is no request in it")]
    [InlineData("time;tokens\n1;2", "t.csv:1: 'time;tokens' is neither the header")]
    [InlineData("1\n2\nx\n", "t.csv:3: 'x' is no time in seconds")]
    [InlineData("1\nNaN\n", "t.csv:2: 'NaN' is no time in seconds")]
    [InlineData("2\n1\n", "t.csv:2: is earlier than the request before")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1\n", "t.csv:2: has 2 columns")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,2\n", "t.csv:2: 'yesterday' is no time")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,many\n", "t.csv:2: GeneratedTokens is 'many'")]
    public void What_is_no_trace_is_refused_with_its_line(string text, string error) =>
        Assert.StartsWith(error, Assert.Throws<FormatException>(() => Read(text)).Message);

    [Fact]
    public void A_server_gets_the_requests_of_its_trace_and_then_none()
    {
        var world = Serving(new RequestTrace(Read("0\n1\n1\n5").Requests) { From = TimeSpan.FromSeconds(10) });
        var arrived = new List<double>();
        world.Completed = request => arrived.Add(request.Arrived.TotalSeconds);
        world.Advance(TimeSpan.FromHours(1));

        Assert.Equal([10, 11, 11, 15], arrived);
    }

    [Fact]
    public void A_trace_that_loops_begins_anew_a_mean_gap_after_its_end()
    {
        var world = Serving(new RequestTrace(Read("0\n1\n4").Requests) { Loops = true });
        var arrived = new List<double>();
        world.Completed = request => arrived.Add(request.Arrived.TotalSeconds);
        world.Advance(TimeSpan.FromSeconds(12));

        Assert.Equal([0, 1, 4, 6, 7, 10], arrived.Take(6));
    }

    [Fact]
    public void Lengths_are_those_of_the_trace()
    {
        var server = Server(0.1, 0.5);
        var world = new World(OneGpu(server with
        {
            Serving = server.Serving! with
            {
                Trace = Read(Azure),
                Tokens = new TokenSpec { PromptMean = 1, GeneratedMean = 1, PrefillSecondsPerToken = 1e-5, DecodeSecondsPerToken = 1e-3, KvTokens = 100_000 },
            },
        }), seed: 1, Nine);
        world.Advance(TimeSpan.FromMinutes(1));

        var metrics = world["server"].Server!.Metrics;
        Assert.Equal((374 + 396 + 879, 44 + 109 + 55), (metrics.PromptTokens, metrics.GeneratedTokens));
    }

    private static RequestTrace Read(string text) => RequestTrace.Read(new StringReader(text), "t.csv");

    private static World Serving(RequestTrace trace)
    {
        var server = Server(0.1, 0.5);
        return new World(OneGpu(server with { Serving = server.Serving! with { Trace = trace } }), seed: 1, Nine);
    }
}
