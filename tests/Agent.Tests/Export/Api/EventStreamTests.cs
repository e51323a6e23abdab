using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Headroom.Export.Api.Events;
using Headroom.Export.Api.Tokens;
using Headroom.Model;
using Headroom.Testing;
using Headroom.Tests.Cli;
using Headroom.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Export.Api;

public sealed class EventStreamTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-events-").FullName;
    private readonly HttpClient _http = new();
    private readonly FakeTimeProvider _time = new(Views.Nine);

    private string Tokens => TokenFile.In(_folder);

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Each_view_is_a_tick_and_each_step_is_told_once()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Control);
        using var answer = await OpenAsync(server, token);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        await Eventually.TrueAsync(() => server.Parts.Events.Readers == 1);

        var view = ControlApiTests.Held();
        server.Parts.Events.Publish(view with { RecentOutcomes = [Outcome(1, "paused\nand seen")] });
        server.Parts.Events.Publish(view with { RecentOutcomes = [Outcome(1, "paused\nand seen"), Outcome(2, "given back")] });

        var events = new List<(string Name, JsonElement Data)>();
        while (events.Count < 4)
            events.Add(await ReadAsync(reader));
        Assert.Equal(["tick", "outcome", "tick", "outcome"], events.Select(e => e.Name));
        Assert.Equal(1, events[0].Data.GetProperty("holds").GetInt32());
        Assert.Equal([1L, 2L], events.Where(e => e.Name == "outcome").Select(e => e.Data.GetProperty("seq").GetInt64()));
    }

    [Fact]
    public async Task Nothing_to_tell_is_told_now_and_then_and_a_revoked_token_ends_it()
    {
        await using var server = await StartAsync();
        using var answer = await OpenAsync(server, ApiServer.Token(Tokens, TokenScope.Control));
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        var line = reader.ReadLineAsync(Stop).AsTask();

        await PassTimeUntilAsync(() => line.IsCompleted);
        Assert.StartsWith(":", await line, StringComparison.Ordinal);

        TokenFile.Change(Tokens, _ => []);
        await PassTimeUntilAsync(() => server.Parts.Events.Readers == 0);
    }

    [Fact]
    public async Task A_slow_reader_is_cut_off_and_delays_nobody()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Control);
        using var slow = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1024 };
        await slow.ConnectAsync(IPAddress.Loopback, server.Control.Port, Stop);
        await slow.SendAsync(Encoding.ASCII.GetBytes($"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"), Stop);
        await Eventually.TrueAsync(() => server.Parts.Events.Readers == 1);

        // Far more than the socket's and the server's buffers hold.
        var seq = 0;
        var large = new string('x', 1 << 20);
        await Eventually.TrueAsync(() =>
        {
            server.Parts.Events.Publish(ControlApiTests.Held() with { RecentOutcomes = [Outcome(++seq, large)] });
            return server.Parts.Events.Readers == 0;
        }, TimeSpan.FromSeconds(30), "the slow reader to be cut off");
    }

    [Fact]
    public async Task There_are_only_so_many_readers()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Control);
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < EventStream.MostReaders; i++)
            open.Add(await OpenAsync(server, token));

        using var refused = await OpenAsync(server, token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        open.ForEach(o => o.Dispose());
        await Eventually.TrueAsync(() => server.Parts.Events.Readers == 0);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Task<ApiServer> StartAsync() => ApiServer.StartAsync(TestApi.Parts(() => null, Tokens, time: _time));

    private Task<HttpResponseMessage> OpenAsync(ApiServer server, string token) => _http.SendAsync(
        ApiServer.Request(HttpMethod.Get, server.Control, "/api/v1/events", token), HttpCompletionOption.ResponseHeadersRead, Stop);

    private Task PassTimeUntilAsync(Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return condition();
    });

    private static async Task<(string Name, JsonElement Data)> ReadAsync(StreamReader reader)
    {
        var name = "";
        while (await reader.ReadLineAsync(Stop) is { } line)
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                return (name, JsonDocument.Parse(line[6..]).RootElement);
        throw new EndOfStreamException();
    }

    private static Outcome Outcome(long seq, string evidence) => new(
        seq, Views.Nine, Views.Container("nightly", 'b').Id, StepKind.Take, Lever.Pause, RuleName.BatchWindow, OutcomeResult.Done, evidence, TimeSpan.FromMilliseconds(12));
}
