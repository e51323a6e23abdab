using System.Net;
using System.Net.Sockets;
using Headroom.Containers;

namespace Headroom.Profiling.Load;

/// <summary>Sends one request to one server and notes in its <see cref="Flight"/> when what came back. No redirects, no proxy, connections are kept.</summary>
internal sealed class LoadClient : IDisposable
{
    private const int BufferBytes = 16 << 10;

    private readonly Uri _server;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    /// <param name="connect">How the server is reached; null: by the name in its address.</param>
    public LoadClient(Uri server, TimeProvider time, Func<CancellationToken, ValueTask<Socket>>? connect = null)
    {
        (_server, _time) = (server, time);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseProxy = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1), ConnectTimeout = TimeSpan.FromSeconds(10),
        };
        if (connect is not null)
            handler.ConnectCallback = async (_, stop) => new NetworkStream(await connect(stop), ownsSocket: true);
        _http = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    /// <summary>The last streamed answer's kind was known: its events are timed.</summary>
    public bool Streams { get; private set; }

    /// <summary>Never throws; a flight that is cancelled has no end.</summary>
    /// <param name="origin">Timestamp of the step's begin.</param>
    public async Task SendAsync(RequestTemplate template, Flight flight, long origin, CancellationToken stop)
    {
        try
        {
            flight.Left = Since(origin);
            using var message = template.Message(_server);
            using var response = await _http.SendAsync(message, stop);
            var events = EventReader.For(response.Content.Headers.ContentType?.MediaType);
            if (!response.IsSuccessStatusCode)
                flight.Error = $"HTTP {(int)response.StatusCode}";
            await ReadAsync(response, flight.Error is null ? events : null, flight, origin, stop);
            flight.Ended = Since(origin);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody waits for it any more.
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or EndpointException or OperationCanceledException)
        {
            flight.Error = Words(e);
            flight.Ended = Since(origin);
        }
    }

    /// <summary>The body of a good answer; null for any other.</summary>
    public async Task<string?> GetAsync(string path, CancellationToken stop)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(_server, path));
        using var response = await _http.SendAsync(message, stop);
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(stop) : null;
    }

    public void Dispose() => _http.Dispose();

    private async Task ReadAsync(HttpResponseMessage response, EventReader? events, Flight flight, long origin, CancellationToken stop)
    {
        await using var body = await response.Content.ReadAsStreamAsync(stop);
        var buffer = new byte[BufferBytes];
        double? last = null;
        int read;
        while ((read = await body.ReadAsync(buffer, stop)) > 0)
        {
            if (events is null)
                continue;
            Streams = true;
            for (var found = events.Feed(buffer.AsSpan(0, read)); found > 0; found--)
            {
                var now = Since(origin);
                flight.FirstEvent ??= now;
                if (last is { } before)
                    flight.Gaps.Add(now - before);
                last = now;
            }
        }
    }

    private double Since(long origin) => _time.GetElapsedTime(origin).TotalSeconds;

    private static string Words(Exception e) => e.GetBaseException() switch
    {
        SocketException => LimitedHttp.Words(e),
        EndpointException endpoint => endpoint.Message,
        HttpIOException or IOException => "connection closed before the answer was complete",
        OperationCanceledException => "no connection within 10 s",
        var other => other.Message,
    };
}
