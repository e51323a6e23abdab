using System.Text.Json;
using Headroom.Tests.Support;

namespace Headroom.Tests.Act.Serving;

/// <summary>A model server on a real socket: its real paths and payloads, a state, and ways to misbehave.</summary>
internal sealed class ServerDouble : IAsyncDisposable
{
    private readonly RawHttpServer _server;
    private readonly Lock _lock = new();

    /// <param name="answers">One request at a time; null: 404.</param>
    public ServerDouble(Func<RawRequest, (int Status, string Body)?> answers) => _server = new RawHttpServer(async (request, stream, stop) =>
    {
        if (Misbehaves?.Invoke(request) is { } how)
        {
            // What it was asked may be done all the same.
            if (how != Misbehaviour.HangUntouched)
                lock (_lock)
                    answers(request);
            switch (how)
            {
                case Misbehaviour.Hang or Misbehaviour.HangUntouched:
                    await Task.Delay(Timeout.Infinite, stop);
                    break;
                case Misbehaviour.HalfBody:
                    await RawHttpServer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"is_slee");
                    break;
            }
            throw new IOException("gone");
        }
        (int Status, string Body) answer;
        lock (_lock)
            answer = Lie?.Invoke(request) ?? answers(request) ?? (404, """{"detail":"Not Found"}""");
        await RawHttpServer.ReplyAsync(stream, answer.Status, answer.Body);
    });

    public Func<RawRequest, Misbehaviour?>? Misbehaves { get; set; }
    /// <summary>Answers instead, and does nothing.</summary>
    public Func<RawRequest, (int Status, string Body)?>? Lie { get; set; }
    public int Port => _server.Port;
    /// <summary>Requests that change something, in order, with their bodies.</summary>
    public IReadOnlyList<string> Told => [.. _server.Requests.Where(r => r.Method != "GET" && !r.Path.EndsWith("/index", StringComparison.Ordinal)).Select(r => $"{r} {r.Body}".TrimEnd())];
    public IReadOnlyList<string> Asked => [.. _server.Requests.Select(r => r.ToString())];

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public static string? Field(RawRequest request, string name)
    {
        using var body = JsonDocument.Parse(request.Body);
        return body.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
    }
}

internal enum Misbehaviour
{
    Hang,
    /// <summary>And does nothing.</summary>
    HangUntouched,
    HalfBody,
    Close,
}
