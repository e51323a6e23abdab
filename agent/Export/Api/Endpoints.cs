using Headroom.Export.Api.Tokens;
using Headroom.Export.Metrics;
using Headroom.Model;

namespace Headroom.Export.Api;

/// <summary>What the listeners answer: the one table of routes.</summary>
internal sealed class Endpoints
{
    private const string MetricsType = "text/plain; version=0.0.4; charset=utf-8";
    private const Listener Controls = Listener.Control | Listener.ControlTcp;
    private const Listener All = Controls | Listener.Metrics | Listener.Webhook;

    private readonly ApiParts _parts;
    private readonly byte[] _openApi = ReadOpenApi();

    public Endpoints(ApiParts parts)
    {
        _parts = parts;
        var people = new PeopleEndpoints(parts);
        Routes =
        [
            new("GET", "/healthz", All, null, (http, _) => Reply.TextAsync(http, StatusCodes.Status200OK, "ok\n")),
            new("GET", "/readyz", Controls | Listener.Metrics, null, (http, _) => _parts.View() is null
                ? Reply.NotReadyAsync(http) : Reply.TextAsync(http, StatusCodes.Status200OK, "ready\n")),
            new("GET", "/", Listener.Metrics, null, (http, _) =>
                Reply.TextAsync(http, StatusCodes.Status200OK, "Headroom. Metrics for Prometheus: /metrics. Health: /healthz, /readyz.\n")),
            new("GET", "/metrics", Listener.Metrics, null, (http, _) => PageAsync(http, _parts.View(), _parts.Renderer)),
            new("GET", "/api/v1/state", Controls, TokenScope.Control, Of(view => view, ApiJson.Default.NodeView)),
            new("GET", "/api/v1/plan", Controls, TokenScope.Control, Of(view => view.Plan, ApiJson.Default.Plan)),
            new("GET", "/api/v1/decisions", Controls, TokenScope.Control, Of(view => view.Plan?.Decisions, ApiJson.Default.IReadOnlyListDecision)),
            new("GET", "/api/v1/holds", Controls, TokenScope.Control, Of(view => view.Snapshot.Act, ApiJson.Default.ActState)),
            new("GET", "/api/v1/outcomes", Controls, TokenScope.Control, Of(view => view.RecentOutcomes, ApiJson.Default.IReadOnlyListOutcome)),
            new("GET", "/api/v1/events", Controls, TokenScope.Control, EventsAsync),
            new("GET", "/api/v1/openapi.json", Controls, TokenScope.Control, OpenApiAsync),
            new("POST", "/api/v1/alerts", Controls | Listener.Webhook, TokenScope.Alerts, parts.Alerts.AnswerAsync),
            new("POST", "/api/v1/holds/release", Controls, TokenScope.Control, people.ReleaseAsync),
            new("POST", "/api/v1/breaker/reset", Controls, TokenScope.Control, people.ResetBreakerAsync),
            new("POST", "/-/reload", Controls, TokenScope.Control, people.ReloadAsync),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    public Task AnswerAsync(HttpContext http) => AnswerAsync(http, Listeners.Of(http));

    public async Task AnswerAsync(HttpContext http, Listener by)
    {
        if (by != Listener.Control)
            foreach (var (name, value) in _parts.Headers)
                http.Response.Headers[name] = value;
        var method = HttpMethods.IsHead(http.Request.Method) ? HttpMethods.Get : http.Request.Method;
        var here = Routes.Where(r => (r.By & by) != 0 && r.Path == http.Request.Path.Value).ToList();
        var route = here.Find(r => r.Method == method);
        // Health is open. What is not there is told only to those who may ask.
        if (here.Count == 0 || here[0].Path is not ("/healthz" or "/readyz"))
        {
            if (by is Listener.ControlTcp or Listener.Webhook)
            {
                await WithTokenAsync(http, route, here, by);
                return;
            }
            if (by == Listener.Metrics && _parts.Users is { } users && !await users.AllowsAsync(http.Request.Headers.Authorization, http.RequestAborted))
            {
                http.Response.Headers.WWWAuthenticate = "Basic realm=\"headroom\", charset=\"UTF-8\"";
                await Reply.TextAsync(http, StatusCodes.Status401Unauthorized, "A user and a password are needed.\n");
                return;
            }
        }
        await AnswerAsync(http, route, here, by, "");
    }

    // By the headers alone: of who may not ask, the body is never read.
    private async Task WithTokenAsync(HttpContext http, Route? route, List<Route> here, Listener by)
    {
        var entry = _parts.Tokens.Judge(http.Request.Headers.Authorization, route?.Needs ?? TokenScope.Alerts, out var name);
        if (entry != Entry.Allowed && route is { Needs: TokenScope.Alerts })
            _parts.Alerts.CountRefused();
        switch (entry)
        {
            case Entry.Allowed:
                await AnswerAsync(http, route, here, by, name);
                break;
            case Entry.Forbidden:
                await Reply.TextAsync(http, StatusCodes.Status403Forbidden, "This token may only send alerts; `headroom token new --scope control` makes one that may do this.\n");
                break;
            default:
                http.Response.Headers.WWWAuthenticate = "Bearer";
                await Reply.TextAsync(http, StatusCodes.Status401Unauthorized, "A token is needed: Authorization: Bearer hr_...; `headroom token new` makes one.\n");
                break;
        }
    }

    private static Task AnswerAsync(HttpContext http, Route? route, List<Route> here, Listener by, string token)
    {
        if (route is not null)
            return route.Answer(http, token);
        if (here.Count == 0)
            return Reply.TextAsync(http, StatusCodes.Status404NotFound, by switch
            {
                Listener.Metrics => "Not here. Metrics for Prometheus: /metrics\n",
                Listener.Webhook => "Not here. Alerts: POST /api/v1/alerts\n",
                _ => "Not here. What there is: /api/v1/openapi.json\n",
            });
        var allowed = here.SelectMany(r => r.Method == HttpMethods.Get ? (string[])["GET", "HEAD"] : [r.Method]).ToList();
        http.Response.Headers.Allow = string.Join(", ", allowed);
        return Reply.TextAsync(http, StatusCodes.Status405MethodNotAllowed, $"Only {string.Join(" and ", allowed)}.\n");
    }

    private Func<HttpContext, string, Task> Of<T>(Func<NodeView, T?> part, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class =>
        (http, _) => _parts.View() is { } view && part(view) is { } value ? Reply.JsonAsync(http, value, type) : Reply.NotReadyAsync(http);

    private Task EventsAsync(HttpContext http, string token)
    {
        var authorization = http.Request.Headers.Authorization.ToString();
        // A revoked token ends its streams too.
        return _parts.Events.AnswerAsync(http, () => token.Length == 0 || _parts.Tokens.Judge(authorization, TokenScope.Control, out _) == Entry.Allowed);
    }

    private Task OpenApiAsync(HttpContext http, string _)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = _openApi.Length;
        return http.Response.Body.WriteAsync(_openApi, http.RequestAborted).AsTask();
    }

    private static byte[] ReadOpenApi()
    {
        using var resource = typeof(Endpoints).Assembly.GetManifestResourceStream("openapi.json")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }

    private static async Task PageAsync(HttpContext http, NodeView? view, MetricsRenderer renderer)
    {
        if (view is null)
        {
            await Reply.NotReadyAsync(http);
            return;
        }
        var page = await renderer.RenderAsync(view, http.RequestAborted);
        http.Response.ContentType = MetricsType;
        http.Response.ContentLength = page.Length;
        await http.Response.BodyWriter.WriteAsync(page, http.RequestAborted);
    }
}
