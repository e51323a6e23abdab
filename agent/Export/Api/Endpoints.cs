using System.Text.Json;
using Headroom.Export.Metrics;
using Headroom.Model;

namespace Headroom.Export.Api;

/// <summary>What the listeners answer. The metrics listener is open to Prometheus and serves readings only; the control socket belongs to the
/// local user and tells all.</summary>
internal static class Endpoints
{
    private const string MetricsType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Metrics listener: <c>/metrics</c>, <c>/healthz</c>, <c>/readyz</c>.</summary>
    public static async Task MetricsAsync(HttpContext http, Func<NodeView?> view, MetricsRenderer renderer)
    {
        switch (Path(http))
        {
            case null:
                await WrongMethodAsync(http);
                break;
            case "/metrics":
                await PageAsync(http, view(), renderer);
                break;
            case "/healthz":
                await TextAsync(http, StatusCodes.Status200OK, "ok\n");
                break;
            case "/readyz":
                await ReadyAsync(http, view());
                break;
            case "/":
                await TextAsync(http, StatusCodes.Status200OK, "Headroom. Metrics for Prometheus: /metrics. Health: /healthz, /readyz.\n");
                break;
            default:
                await TextAsync(http, StatusCodes.Status404NotFound, "Not here. Metrics for Prometheus: /metrics\n");
                break;
        }
    }

    /// <summary>Control socket: <c>/api/v1/state</c>, <c>/api/v1/plan</c>, <c>/api/v1/decisions</c>, <c>POST /-/reload</c> and health.</summary>
    /// <param name="reload">Reads the policy again; the problems, none when it was taken.</param>
    public static async Task ControlAsync(HttpContext http, Func<NodeView?> view, Func<IReadOnlyList<string>> reload)
    {
        if (HttpMethods.IsPost(http.Request.Method) && http.Request.Path == "/-/reload")
        {
            await ReloadAsync(http, reload());
            return;
        }
        switch (Path(http))
        {
            case null:
                await WrongMethodAsync(http);
                break;
            case "/api/v1/state" when view() is { } current:
                http.Response.ContentType = "application/json";
                await JsonSerializer.SerializeAsync(http.Response.Body, current, ApiJson.Default.NodeView, http.RequestAborted);
                break;
            case "/api/v1/plan" when view()?.Plan is { } plan:
                http.Response.ContentType = "application/json";
                await JsonSerializer.SerializeAsync(http.Response.Body, plan, ApiJson.Default.Plan, http.RequestAborted);
                break;
            case "/api/v1/decisions" when view()?.Plan is { } plan:
                http.Response.ContentType = "application/json";
                await JsonSerializer.SerializeAsync(http.Response.Body, plan.Decisions, ApiJson.Default.IReadOnlyListDecision, http.RequestAborted);
                break;
            case "/api/v1/state" or "/api/v1/plan" or "/api/v1/decisions" or "/readyz":
                await ReadyAsync(http, view());
                break;
            case "/healthz":
                await TextAsync(http, StatusCodes.Status200OK, "ok\n");
                break;
            default:
                await TextAsync(http, StatusCodes.Status404NotFound, "Not here. The state of the node: /api/v1/state, the plan: /api/v1/plan, the decisions that stand: /api/v1/decisions\n");
                break;
        }
    }

    private static Task ReloadAsync(HttpContext http, IReadOnlyList<string> problems) => problems.Count == 0
        ? TextAsync(http, StatusCodes.Status200OK, "the policy is in force\n")
        : TextAsync(http, StatusCodes.Status400BadRequest, $"refused, nothing changed:\n{string.Join('\n', problems)}\n");

    // Everything else is read-only.
    private static string? Path(HttpContext http) =>
        HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? http.Request.Path.Value : null;

    private static Task WrongMethodAsync(HttpContext http)
    {
        http.Response.Headers.Allow = "GET, HEAD";
        return TextAsync(http, StatusCodes.Status405MethodNotAllowed, "Only GET and HEAD.\n");
    }

    private static async Task PageAsync(HttpContext http, NodeView? view, MetricsRenderer renderer)
    {
        if (view is null)
        {
            await ReadyAsync(http, view);
            return;
        }
        var page = await renderer.RenderAsync(view, http.RequestAborted);
        http.Response.ContentType = MetricsType;
        http.Response.ContentLength = page.Length;
        await http.Response.BodyWriter.WriteAsync(page, http.RequestAborted);
    }

    private static Task ReadyAsync(HttpContext http, NodeView? view) => view is null
        ? TextAsync(http, StatusCodes.Status503ServiceUnavailable, "not ready: no tick yet, or none lately\n")
        : TextAsync(http, StatusCodes.Status200OK, "ready\n");

    private static Task TextAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
