using System.Buffers;
using System.Text;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Act.Serving;

/// <param name="Path">With its query.</param>
/// <param name="Body">JSON; null: none.</param>
/// <param name="Reads">Changes nothing: may be asked again.</param>
/// <param name="Else">What to send instead when the server says that this one does not fit (400).</param>
internal sealed record ServerRequest(string Method, string Path, string? Body = null, bool Reads = false, ServerRequest? Else = null)
{
    public static ServerRequest Get(string path) => new("GET", path, Reads: true);

    public static ServerRequest Post(string path, string? body = null) => new("POST", path, body);
}

/// <param name="Status">Of HTTP; 0: no answer.</param>
internal sealed record ServerReply(ServerResult Result, int Status, string Body, string Words);

/// <summary>Sends requests to one server and says what came of them, for sure or not.</summary>
internal sealed class ServerCall(ContainerSample container, int port, CallPipelines pipelines, TimeProvider time)
{
    public static readonly TimeSpan ToLook = TimeSpan.FromSeconds(3);
    // The pipeline limits the whole; Triton's index of a large repository has some 100 kB.
    private static readonly HttpLimits Limits = new(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan, 4 << 20);

    /// <summary>What keeps a server from answering; an answer that says no is none.</summary>
    public static bool IsTrouble(Exception e) => e is EndpointException { Fault: not EndpointFault.Settings };

    public TimeProvider Time => time;

    public async Task<ServerReply> SendAsync(ServerRequest request, TimeSpan within, CancellationToken stop)
    {
        var body = new ArrayBufferWriter<byte>();
        var where = $"{request.Method} {request.Path} at port {port}";
        try
        {
            Func<CancellationToken, Task<int>> call = async limited =>
            {
                body.ResetWrittenCount();
                // A connection of its own: what may not happen twice must not meet one that the server is just closing.
                using var http = new ContainerHttp(container, time, Limits);
                // .NET sends a request without a body again by itself, up to three times, when its connection ends before the answer: an empty body forbids that.
                var json = request.Reads ? request.Body : request.Body ?? "";
                return (int)await http.SendAsync(new HttpMethod(request.Method), port, request.Path, json, body.Write, limited);
            };
            var status = request.Reads ? await pipelines.RepeatableAsync(within, call, stop) : await pipelines.OnceAsync(within, call, stop);
            var text = Encoding.UTF8.GetString(body.WrittenSpan);
            return new ServerReply(ResultOf(status), status, text, $"{where} answered {status}{Said(status, text)}");
        }
        catch (TimeoutException e)
        {
            return new ServerReply(request.Reads ? ServerResult.Failed : ServerResult.Unknown, 0, "", $"{where}: {e.Message}");
        }
        catch (CallHeldBackException e)
        {
            return new ServerReply(ServerResult.Failed, 0, "", $"{where}: {e.Message}");
        }
        catch (EndpointException e)
        {
            // Without a connection nothing was sent.
            var sure = request.Reads || e.Fault is EndpointFault.NoConnection or EndpointFault.Settings;
            return new ServerReply(sure ? ServerResult.Failed : ServerResult.Unknown, 0, "", $"{where}: {e.Message}");
        }
    }

    // 501: the server knows the request and does not do such things.
    private static ServerResult ResultOf(int status) => status switch
    {
        >= 200 and < 300 => ServerResult.Done,
        429 or >= 500 and not 501 => ServerResult.Failed,
        _ => ServerResult.Refused,
    };

    // Its own words say more than any of ours; bounded and on one line, as they end in logs.
    private static string Said(int status, string body)
    {
        if (status is >= 200 and < 300)
            return "";
        var line = new string([.. body.Take(200).Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
        return line.Length > 0 ? $": {line}" : "";
    }
}
