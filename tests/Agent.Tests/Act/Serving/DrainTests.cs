using Headroom.Act.Serving;
using Headroom.Model;
using Headroom.Tests.Observe.Latency.Sources;

namespace Headroom.Tests.Act.Serving;

public sealed class DrainTests
{
    private static readonly CancellationToken Test = TestContext.Current.CancellationToken;
    private static readonly ServerLevers Levers = new(TimeProvider.System);
    private static readonly DrainHook Hook = new("POST", "/drain?now=1", TimeSpan.FromSeconds(30));

    [Fact]
    public async Task A_drain_ends_when_the_last_request_has_ended()
    {
        await using var server = Server();
        var left = new Queue<double?>([2, null, 1, 0]);
        var answer = await Levers.DrainAsync(Some.Container(), Hook, server.Port, () => left.Dequeue(), Test);
        Assert.Equal(ServerResult.Done, answer.Result);
        Assert.Contains("nothing in flight", answer.Words, StringComparison.Ordinal);
        Assert.Empty(left);
        Assert.Equal(["POST /drain?now=1"], server.Told);
    }

    [Fact]
    public async Task A_drain_that_never_empties_ends_with_its_time_and_says_what_is_left()
    {
        await using var server = Server();
        var answer = await Levers.DrainAsync(Some.Container(), Hook with { Wait = TimeSpan.FromMilliseconds(300) }, server.Port, () => 3, Test);
        Assert.Equal(ServerResult.Failed, answer.Result);
        Assert.Contains("3 requests still in flight", answer.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_that_nobody_counts_are_never_taken_for_none()
    {
        await using var server = Server();
        var answer = await Levers.DrainAsync(Some.Container(), Hook with { Wait = TimeSpan.FromMilliseconds(300) }, server.Port, () => null, Test);
        Assert.Equal(ServerResult.Unknown, answer.Result);
        Assert.Contains("nothing tells how many requests are in flight", answer.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hook_that_is_not_there_is_told_and_the_end_of_the_requests_awaited_all_the_same()
    {
        await using var server = new ServerDouble(_ => null);
        var left = new Queue<double?>([1, 0]);
        var answer = await Levers.DrainAsync(Some.Container(), Hook, server.Port, () => left.Dequeue(), Test);
        Assert.Equal(ServerResult.Failed, answer.Result);
        Assert.Contains("POST /drain?now=1", answer.Words, StringComparison.Ordinal);
        Assert.Contains("answered 404", answer.Words, StringComparison.Ordinal);
        Assert.Contains("nothing in flight", answer.Words, StringComparison.Ordinal);
        Assert.Empty(left);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("GET")]
    public async Task A_hook_whose_answer_is_lost_is_not_sent_twice(string method)
    {
        await using var server = Server();
        server.Misbehaves = _ => Misbehaviour.Close;
        var answer = await Levers.DrainAsync(Some.Container(), Hook with { Method = method }, server.Port, () => 0, Test);
        Assert.Equal(ServerResult.Unknown, answer.Result);
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Without_a_port_the_only_exposed_one_is_taken()
    {
        await using var server = Server();
        var container = Some.Container() with { ExposedPorts = [server.Port] };
        Assert.Equal(ServerResult.Done, (await Levers.DrainAsync(container, Hook, null, () => 0, Test)).Result);
        Assert.Contains("set `ports`", (await Levers.DrainAsync(container with { ExposedPorts = [1, 2] }, Hook, null, () => 0, Test)).Words, StringComparison.Ordinal);
    }

    private static ServerDouble Server() => new(r => r.ToString() == "POST /drain?now=1" ? (202, "") : null);
}
