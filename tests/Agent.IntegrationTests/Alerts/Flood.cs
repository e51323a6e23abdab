using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Headroom.IntegrationTests.Alerts;

/// <summary>Bad webhooks at a steady pace, each on a connection of its own, closed without a goodbye once its status has come.</summary>
internal sealed class Flood(int port, string token)
{
    private const int Senders = 10;
    private const int ManyBytes = 8 << 20;

    private readonly ConcurrentDictionary<int, int> _answers = new();

    /// <summary>How many by status; 0: no answer.</summary>
    public IReadOnlyDictionary<int, int> Answers => _answers;

    /// <summary>How long it really took.</summary>
    public async Task<TimeSpan> SendAsync(int perSecond, TimeSpan length, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var each = TimeSpan.FromSeconds((double)Senders / perSecond);
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (var i = 0; each * i < length; i++)
            {
                var early = (each * i) - clock.Elapsed;
                if (early > TimeSpan.FromMilliseconds(1))
                    await Task.Delay(early, stop);
                _answers.AddOrUpdate(await StatusAsync(Request(sender + i), stop), 1, (_, count) => count + 1);
            }
        }, stop)));
        return clock.Elapsed;
    }

    private string Request(int number) => (number % 6) switch
    {
        0 => Post(null, "application/json", """{"alerts":[{"status":"firing","labels":{"alertname":"vip-slow"}}]}"""),
        1 => Post("hr_" + new string('w', 43), "application/json", """{"alerts":[{"status":"firing","labels":{"alertname":"vip-slow"}}]}"""),
        // Of the two large ones only the beginning is sent.
        2 => Post("hr_" + new string('w', 20_000), "application/json", new string('x', 4096), ManyBytes),
        3 => Post(token, "application/json", new string('x', 4096), ManyBytes),
        4 => Post(token, "application/json", new string('[', 20_000)),
        _ => Post(token, "text/plain", "\0\u0001junk"),
    };

    private static string Post(string? token, string type, string body, int? length = null) => string.Create(CultureInfo.InvariantCulture, $"""
        POST /api/v1/alerts HTTP/1.1
        Host: x
        {(token is null ? "X-None: x" : $"Authorization: Bearer {token}")}
        Content-Type: {type}
        Content-Length: {length ?? body.Length}


        """).ReplaceLineEndings("\r\n") + body;

    private async Task<int> StatusAsync(string request, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, patience.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes(request), patience.Token);
            var start = new byte[512];
            var read = await socket.ReceiveAsync(start, patience.Token);
            return read >= 12 ? int.Parse(Encoding.ASCII.GetString(start, 9, 3), CultureInfo.InvariantCulture) : 0;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return 0;
        }
    }
}
