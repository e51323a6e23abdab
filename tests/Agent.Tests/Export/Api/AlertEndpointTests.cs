using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Headroom.Export.Api.Alerts;
using Headroom.Export.Api.Tokens;
using Headroom.Model;
using Headroom.Testing;
using Headroom.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Export.Api;

/// <summary>Alerts over a real socket: who gets in, and what is taken.</summary>
public sealed class AlertEndpointTests : IDisposable
{
    private const string Secret = "a secret that nobody guesses";

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-alerts-").FullName;
    private readonly ConcurrentQueue<AgentCommand> _commands = new();
    private readonly HttpClient _http = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 1, 5, 12, 0, 0, TimeSpan.Zero));

    private string Tokens => TokenFile.In(_folder);

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_alertmanagers_notification_is_taken_and_what_the_policy_does_not_name_is_ignored()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Alerts);

        using var answer = await PostAsync(server, token, """
            {"version":"4","groupKey":"{}:{}","truncatedAlerts":0,"status":"firing","receiver":"headroom","notification_reason":"new",
             "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am:9093","routeLabels":{"x":"y"},
             "alerts":[
               {"status":"firing","labels":{"alertname":"vip-slow","container":"not-to-be-used"},"annotations":{"a":"b"},
                "startsAt":"2027-01-05T11:59:30.123456789Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p","fingerprint":"08f6b1a2c3d4e5f6"},
               {"status":"resolved","labels":{"alertname":"vip-slow"},"startsAt":"2027-01-05T11:00:00Z","endsAt":"2027-01-05T11:30:00Z","fingerprint":"1111"},
               {"status":"firing","labels":{"alertname":"somebody-elses"},"fingerprint":"2222"}]}
            """);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("{\"taken\":2,\"unnamed\":1}", (await TextAsync(answer)).Trim());
        Assert.Equal(
            [
                new AgentCommand.AlertFires("vip-slow", "08f6b1a2c3d4e5f6", DateTimeOffset.Parse("2027-01-05T11:59:30.1234567Z", CultureInfo.InvariantCulture)),
                new AgentCommand.AlertEnds("vip-slow", "1111", DateTimeOffset.Parse("2027-01-05T11:00:00Z", CultureInfo.InvariantCulture)),
            ], _commands);
        Assert.Equal(new AlertCounts(2, 1, 0), server.Parts.Alerts.Counts);
    }

    [Fact]
    public async Task Grafanas_notification_is_taken_too()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Control);

        using var answer = await PostAsync(server, token, """
            {"receiver":"headroom","status":"firing","orgId":1,"title":"t","state":"alerting","message":"m",
             "alerts":[{"status":"firing","labels":{"alertname":"vip-slow","grafana_folder":"f"},"values":{"A":1.5,"B":null},"valueString":"v",
               "startsAt":"2027-01-05T19:59:30+08:00","silenceURL":"s","dashboardURL":"d","panelURL":"p","fingerprint":"cafe"}]}
            """);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("cafe", Assert.IsType<AgentCommand.AlertFires>(Assert.Single(_commands)).Fingerprint);
    }

    [Fact]
    public async Task Who_may_not_ask_is_answered_before_the_body_has_come()
    {
        await using var server = await StartAsync();
        foreach (var authorization in new[] { "", "Authorization: Bearer hr_wrong\r\n", $"Authorization: Bearer hr_{new string('x', 20_000)}\r\n" })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Webhook.Host, server.Webhook.Port, Stop);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\n{authorization}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"), Stop);
            var start = new byte[12];
            await stream.ReadExactlyAsync(start, Stop);
            Assert.Equal("HTTP/1.1 401", Encoding.ASCII.GetString(start));
        }
    }

    [Fact]
    public async Task Without_a_right_token_nobody_gets_in_and_a_revoked_one_is_none()
    {
        await using var server = await StartAsync();
        var right = ApiServer.Token(Tokens, TokenScope.Alerts);

        foreach (var at in new[] { server.Webhook, server.Control })
            foreach (var token in new[] { null, "", "hr_wrong", right[..^1], right + "x" })
            {
                using var refused = await _http.SendAsync(ApiServer.Request(HttpMethod.Post, at, "/api/v1/alerts", token, Firing(1)), Stop);
                Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
                Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.ToString());
            }
        using (var taken = await PostAsync(server, right, Firing(1)))
            Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        Assert.Equal(new AlertCounts(1, 0, 10), server.Parts.Alerts.Counts);

        TokenFile.Change(Tokens, _ => []);
        _time.Advance(TimeSpan.FromSeconds(2));
        using var revoked = await PostAsync(server, right, Firing(1));
        Assert.Equal(HttpStatusCode.Unauthorized, revoked.StatusCode);
        Assert.Single(_commands);
    }

    [Fact]
    public async Task A_token_for_alerts_may_do_nothing_else()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Alerts);

        foreach (var route in new Headroom.Export.Api.Endpoints(server.Parts).Routes.Where(r => r.Needs == TokenScope.Control))
        {
            using var answer = await _http.SendAsync(ApiServer.Request(new HttpMethod(route.Method), server.Control, route.Path, token), Stop);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("not json", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("{\"alerts\":{}}", HttpStatusCode.BadRequest)]
    [InlineData("{\"alerts\":[1]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"alerts\":[{\"status\":\"firing\"}]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"alerts\":[{\"status\":\"burning\",\"labels\":{\"alertname\":\"vip-slow\"}}]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"vip-slow\"},\"startsAt\":\"yesterday\"}]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"\\ud800\"}}]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"alerts\":[]}", HttpStatusCode.OK)]
    public async Task What_is_no_notification_is_refused_in_words(string body, HttpStatusCode status)
    {
        await using var server = await StartAsync();

        using var answer = await PostAsync(server, ApiServer.Token(Tokens, TokenScope.Alerts), body);

        Assert.Equal(status, answer.StatusCode);
        Assert.Empty(_commands);
        if (status != HttpStatusCode.OK)
            Assert.StartsWith("refused: ", await TextAsync(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_large_and_other_bodies_are_refused_each_with_its_status()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Alerts);
        var deep = $"{{\"alerts\":[],\"x\":{new string('[', 20)}{new string(']', 20)}}}";

        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(server, token, deep));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, token, Firing(1000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await StatusAsync(server, token, Firing(1001)));
        using var large = ApiServer.Request(HttpMethod.Post, server.Webhook, "/api/v1/alerts", token, new string(' ', (1 << 20) + 1));
        // Asks before it sends: the server closes on a body that it does not want, and a client in the middle of sending may see only that.
        large.Headers.ExpectContinue = true;
        using var tooLarge = await _http.SendAsync(large, Stop);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.Equal(1000, _commands.Count);

        using var text = ApiServer.Request(HttpMethod.Post, server.Webhook, "/api/v1/alerts", token, Firing(1));
        text.Content!.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        using var refused = await _http.SendAsync(text, Stop);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
    }

    [Fact]
    public async Task A_large_body_without_a_length_is_refused_too()
    {
        await using var server = await StartAsync();
        using var request = ApiServer.Request(HttpMethod.Post, server.Webhook, "/api/v1/alerts", ApiServer.Token(Tokens, TokenScope.Alerts));
        request.Headers.TransferEncodingChunked = true;
        request.Content = new StreamContent(new MemoryStream(new byte[(1 << 20) + 10]));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        using var answer = await _http.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task A_body_that_does_not_come_is_not_waited_for()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Alerts);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Webhook.Port, Stop);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"), Stop);

        var reading = new StreamReader(stream).ReadLineAsync(Stop).AsTask();
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return reading.IsCompleted;
        }, TimeSpan.FromSeconds(20), "an answer");

        Assert.Contains(" 408 ", await reading, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_one_sender_is_slowed_down_and_goes_on_later()
    {
        await using var server = await StartAsync();
        var token = ApiServer.Token(Tokens, TokenScope.Alerts);

        for (var i = 0; i < 100; i++)
            Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(server, token, "{}"));
        using (var answer = await PostAsync(server, token, "{}"))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        }
        var other = ApiServer.Token(Tokens, TokenScope.Alerts, "other");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, other, Firing(1)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, token, Firing(1)));
    }

    [Fact]
    public async Task Without_room_until_the_next_tick_the_sender_tries_again()
    {
        await using var server = await ApiServer.StartAsync(TestApi.Parts(
            () => null, Tokens, _ => false, new HashSet<string> { "vip-slow" }, time: _time));

        using var answer = await PostAsync(server, ApiServer.Token(Tokens, TokenScope.Alerts), Firing(1));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Theory]
    [InlineData(0, "X-Headroom-Signature", "X-Headroom-Timestamp", "", HttpStatusCode.OK)]
    [InlineData(-299, "X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp", "", HttpStatusCode.OK)]
    [InlineData(-301, "X-Headroom-Signature", "X-Headroom-Timestamp", "", HttpStatusCode.Unauthorized)]
    [InlineData(301, "X-Headroom-Signature", "X-Headroom-Timestamp", "", HttpStatusCode.Unauthorized)]
    [InlineData(0, "X-Headroom-Signature", "X-Headroom-Timestamp", " ", HttpStatusCode.Unauthorized)] // another body than was signed
    [InlineData(0, "X-Headroom-Signature", "X-Other", "", HttpStatusCode.Unauthorized)]
    [InlineData(0, "X-Other", "X-Headroom-Timestamp", "", HttpStatusCode.Unauthorized)]
    public async Task With_a_secret_only_what_is_signed_lately_is_taken(int seconds, string signature, string timestamp, string more, HttpStatusCode status)
    {
        var file = Path.Combine(_folder, "secret");
        File.WriteAllText(file, Secret + "\n");
        await using var server = await StartAsync(new WebhookSignature(file, _time, NullLogger<WebhookSignature>.Instance));
        var at = (_time.GetUtcNow().ToUnixTimeSeconds() + seconds).ToString(CultureInfo.InvariantCulture);
        using var request = ApiServer.Request(HttpMethod.Post, server.Webhook, "/api/v1/alerts", ApiServer.Token(Tokens, TokenScope.Alerts), Firing(1) + more);
        request.Headers.Add(timestamp, at);
        request.Headers.Add(signature, Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{at}:{Firing(1)}"))));

        using var answer = await _http.SendAsync(request, Stop);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK ? 1 : 0, _commands.Count);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Task<ApiServer> StartAsync(WebhookSignature? signature = null) => ApiServer.StartAsync(TestApi.Parts(
        () => null, Tokens, command =>
        {
            _commands.Enqueue(command);
            return true;
        }, new HashSet<string> { "vip-slow" }, signature, _time));

    private Task<HttpResponseMessage> PostAsync(ApiServer server, string token, string json) =>
        _http.SendAsync(ApiServer.Request(HttpMethod.Post, server.Webhook, "/api/v1/alerts", token, json), Stop);

    private async Task<HttpStatusCode> StatusAsync(ApiServer server, string token, string json)
    {
        using var answer = await PostAsync(server, token, json);
        return answer.StatusCode;
    }

    private static Task<string> TextAsync(HttpResponseMessage answer) => answer.Content.ReadAsStringAsync(Stop);

    private static string Firing(int count) =>
        $"{{\"alerts\":[{string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"status\":\"firing\",\"labels\":{{\"alertname\":\"vip-slow\"}},\"fingerprint\":\"{i}\"}}"))}]}}";
}
