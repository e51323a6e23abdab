using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;

namespace Headroom.Containers;

/// <summary>How long and how much one request may take.</summary>
/// <param name="Connect">For one address.</param>
/// <param name="Whole">First byte of the request to last of the answer.</param>
/// <param name="BodyBytes">After decompression.</param>
internal sealed record HttpLimits(TimeSpan Connect, TimeSpan Whole, long BodyBytes)
{
    /// <summary>LiteLLM's page has 0.4 MB after twenty requests, Ray's 0.5 MB: 16 MiB is a server gone wrong.</summary>
    public static readonly HttpLimits Scrape = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), 16 << 20);
}

/// <summary>HTTP/1.1 to servers that are not trusted: no redirects, proxy, cookies or credentials; bounded in time and size; errors in words.
/// Keeps its connection between requests.</summary>
internal sealed class LimitedHttp : IDisposable
{
    private const int ChunkBytes = 64 << 10;

    private readonly HttpLimits _limits;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    /// <param name="connect">How to reach host and port; null: by name, as everyone does.</param>
    public LimitedHttp(HttpLimits limits, TimeProvider time, Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? connect = null)
    {
        _limits = limits;
        _time = time;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = limits.Whole,
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 0,
            // Longer than the slowest scrape interval and back-off, so that a quiet server sees one connection.
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            ActivityHeadersPropagator = null,
        };
        if (connect is not null)
            handler.ConnectCallback = (context, stop) => connect(context.DnsEndPoint, stop);
        _http = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    /// <summary>Sends, and feeds the body in pieces as it comes, whatever the status.</summary>
    /// <param name="where">For messages, e.g. <c>http://172.17.0.3:8000/metrics</c>.</param>
    /// <exception cref="EndpointException">No answer, or one that is broken, too slow or too large.</exception>
    public async Task<HttpStatusCode> SendAsync(
        HttpRequestMessage request, string where, Action<ReadOnlySpan<byte>> feed, CancellationToken stop)
    {
        // A compressed page costs the model server time and this machine nothing on its wire.
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        request.Headers.TryAddWithoutValidation("User-Agent", "headroom");
        using var timeout = new CancellationTokenSource(_limits.Whole, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        long fed = 0;
        try
        {
            using var response = await _http.SendAsync(request, either.Token);
            await using var body = Decoded(await response.Content.ReadAsStreamAsync(either.Token), response, where);
            int read;
            while ((read = await body.ReadAsync(buffer.AsMemory(), either.Token)) > 0)
            {
                fed += read;
                if (fed > _limits.BodyBytes)
                    throw new EndpointException(EndpointFault.BadAnswer,
                        $"{where} sends more than {_limits.BodyBytes >> 20} MiB: is it a metrics page?");
                feed(buffer.AsSpan(0, read));
            }
            return response.StatusCode;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            var seconds = $"{_limits.Whole.TotalSeconds:0.###} s";
            throw new EndpointException(EndpointFault.TimedOut, fed == 0
                ? $"{where} did not answer within {seconds}: the server hangs or is overloaded"
                : $"{where} did not end its answer within {seconds} ({fed} bytes came)");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            throw Explained(e, where, fed);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _http.Dispose();

    private static Stream Decoded(Stream body, HttpResponseMessage response, string where)
    {
        var encodings = response.Content.Headers.ContentEncoding;
        if (encodings.Count == 0 || (encodings.Count == 1 && encodings.First() is "identity"))
            return body;
        if (encodings.Count == 1 && encodings.First() is "gzip" or "x-gzip")
            return new GZipStream(body, CompressionMode.Decompress);
        throw new EndpointException(EndpointFault.BadAnswer,
            $"{where} sends its answer encoded as {string.Join(", ", encodings)} though plain text was asked for");
    }

    private static EndpointException Explained(Exception e, string where, long fed)
    {
        if (e.InnerException is EndpointException explained)
            return explained;
        if (e is InvalidDataException)
            return new EndpointException(EndpointFault.BadAnswer, $"{where} sends gzip that can't be unpacked", e);
        return (e as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => new EndpointException(EndpointFault.NoConnection, $"{where}: its name can't be resolved", e),
            HttpRequestError.ConnectionError => new EndpointException(EndpointFault.NoConnection, $"{where}: {Words(e)}", e),
            HttpRequestError.SecureConnectionError => new EndpointException(EndpointFault.NoConnection, $"{where}: no TLS: {e.GetBaseException().Message}", e),
            HttpRequestError.InvalidResponse => new EndpointException(EndpointFault.BadAnswer, $"{where} does not speak HTTP/1.1: is the port right?", e),
            HttpRequestError.ConfigurationLimitExceeded => new EndpointException(EndpointFault.BadAnswer, $"{where} sends too large headers", e),
            _ => new EndpointException(EndpointFault.BadAnswer, $"{where} closed the connection before its answer was complete ({fed} bytes came)", e),
        };
    }

    /// <summary>Why no connection came about.</summary>
    public static string Words(Exception e) => e.GetBaseException() is SocketException socket
        ? socket.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown => "no way there",
            SocketError.TimedOut => "no connection within the time allowed",
            _ => socket.Message,
        }
        : e.GetBaseException().Message;
}
