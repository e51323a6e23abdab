using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Headroom.Export.Api;

/// <summary>Answers: JSON for data, a line of words for what went wrong.</summary>
internal static class Reply
{
    public static Task TextAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    public static Task JsonAsync<T>(HttpContext http, T value, JsonTypeInfo<T> type)
    {
        http.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(http.Response.Body, value, type, http.RequestAborted);
    }

    public static Task NotReadyAsync(HttpContext http) =>
        TextAsync(http, StatusCodes.Status503ServiceUnavailable, "not ready: no tick yet, or none lately\n");

    public static Task BusyAsync(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "1";
        return TextAsync(http, StatusCodes.Status503ServiceUnavailable, "too much is waiting for the next tick; ask again in a second\n");
    }
}
