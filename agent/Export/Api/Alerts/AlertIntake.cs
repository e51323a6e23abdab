using System.Collections.Concurrent;
using System.Globalization;
using Headroom.Model;
using Microsoft.AspNetCore.Http.Features;

namespace Headroom.Export.Api.Alerts;

/// <summary>Takes notifications in: checked, and handed to the tick. Only the body is waited for. An alert can start nothing but what
/// the policy's <c>alerts</c> say for its name.</summary>
/// <param name="names">Names of the policy's alerts now.</param>
/// <param name="write">False when there is no room until the next tick.</param>
/// <param name="signature">Null: none is asked for.</param>
internal sealed class AlertIntake(
    Func<IReadOnlySet<string>> names, Func<AgentCommand, bool> write, WebhookSignature? signature, TimeProvider time)
{
    public const int MostBytes = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private const double PerSecond = 20, Burst = 100;
    private const double NodePerSecond = 50, NodeBurst = 250;

    private readonly RateLimit _node = new(NodePerSecond, NodeBurst, time);
    // One a token of the file: few.
    private readonly ConcurrentDictionary<string, RateLimit> _senders = new();
    private long _taken, _unnamed, _refused;

    public AlertCounts Counts => new(Interlocked.Read(ref _taken), Interlocked.Read(ref _unnamed), Interlocked.Read(ref _refused));

    /// <summary>One was turned away before it came here.</summary>
    public void CountRefused() => Interlocked.Increment(ref _refused);

    /// <param name="sender">Name of the token; empty on the control socket.</param>
    public async Task AnswerAsync(HttpContext http, string sender)
    {
        if (Wait(sender) is { } wait && wait > TimeSpan.Zero)
        {
            http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            await RefuseAsync(http, StatusCodes.Status429TooManyRequests, "too many notifications; group more of them, or wait");
            return;
        }
        if (!IsJson(http.Request.ContentType))
        {
            await RefuseAsync(http, StatusCodes.Status415UnsupportedMediaType, "send Content-Type: application/json");
            return;
        }
        var (body, status) = await BodyAsync(http);
        if (body is null)
        {
            http.Response.Headers.Connection = "close";
            await RefuseAsync(http, status, status == StatusCodes.Status413PayloadTooLarge
                ? "the body is larger than 1 MiB; set max_alerts in the webhook_config" : $"the body did not come within {Patience.TotalSeconds:0} s");
            return;
        }
        if (signature?.Problem(http.Request.Headers, body.Value.Span) is { } wrong)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            await RefuseAsync(http, StatusCodes.Status401Unauthorized, wrong);
            return;
        }
        var payload = AlertPayload.Read(body.Value);
        if (payload.Problem is { } problem)
            await RefuseAsync(http, payload.TooMany ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status400BadRequest, problem);
        else
            await TakeAsync(http, payload.Alerts);
    }

    private async Task TakeAsync(HttpContext http, IReadOnlyList<AgentCommand> alerts)
    {
        var known = names();
        var taken = 0;
        foreach (var alert in alerts)
        {
            if (!known.Contains(NameOf(alert)))
                continue;
            // What was written stays: the sender tries again, and taking it twice does no harm.
            if (!write(alert))
            {
                CountRefused();
                await Reply.BusyAsync(http);
                return;
            }
            taken++;
        }
        Interlocked.Add(ref _taken, taken);
        Interlocked.Add(ref _unnamed, alerts.Count - taken);
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{{\"taken\":{taken},\"unnamed\":{alerts.Count - taken}}}\n"), http.RequestAborted);
    }

    private static string NameOf(AgentCommand alert) => alert switch
    {
        AgentCommand.AlertFires fires => fires.Name,
        AgentCommand.AlertEnds ends => ends.Name,
        _ => "",
    };

    private TimeSpan Wait(string sender)
    {
        var own = _senders.GetOrAdd(sender, _ => new RateLimit(PerSecond, Burst, time)).Take();
        return own > TimeSpan.Zero ? own : _node.Take();
    }

    private Task RefuseAsync(HttpContext http, int status, string words)
    {
        CountRefused();
        return Reply.TextAsync(http, status, $"refused: {words}\n");
    }

    private static bool IsJson(string? type) =>
        type is not null && type.Split(';', 2)[0].Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);

    /// <summary>The whole body; or none, and the status that says why.</summary>
    private async Task<(ReadOnlyMemory<byte>? Body, int Status)> BodyAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MostBytes;
        if (http.Request.ContentLength > MostBytes)
            return (null, StatusCodes.Status413PayloadTooLarge);
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, http.RequestAborted);
        var body = new MemoryStream();
        try
        {
            await http.Request.Body.CopyToAsync(body, either.Token);
            return (body.GetBuffer().AsMemory(0, (int)body.Length), StatusCodes.Status200OK);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return (null, StatusCodes.Status408RequestTimeout);
        }
        catch (BadHttpRequestException e)
        {
            return (null, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? e.StatusCode : StatusCodes.Status408RequestTimeout);
        }
    }
}
