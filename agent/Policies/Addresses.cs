using System.Text.Json;
using Headroom.Model;

namespace Headroom.Policies;

/// <summary>The grammar of what names something outside: paths, addresses, requests, metrics.</summary>
internal static class Addresses
{
    private const int MaxPath = 1024;

    /// <summary>On a model server.</summary>
    public static Parsed<string> HttpPath(string text) =>
        IsHttpPath(text) ? Parsed.Value(text) : Parsed.Error<string>($"{Wording.Quote(text)} is not a path that begins with /; write /metrics");

    /// <summary><c>GET /health</c> or <c>POST /v1/embeddings</c></summary>
    public static Parsed<(string Method, string Path)> HttpCall(string text)
    {
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space > 0 && IsHttpPath(text[(space + 1)..]))
        {
            var (method, path) = (text[..space], text[(space + 1)..]);
            if (method is "GET" or "POST")
                return Parsed.Value((method, path));
            if (method.ToUpperInvariant() is "GET" or "POST")
                return Parsed.Error<(string, string)>($"{Wording.Quote(text)} is not a request; write {method.ToUpperInvariant()} in capitals");
        }
        return Parsed.Error<(string, string)>($"{Wording.Quote(text)} is not a request; write GET /health or POST /v1/embeddings");
    }

    /// <summary>Base address of a server; credentials in it would end up in logs and are refused, unquoted.</summary>
    public static Parsed<string> Url(string text)
    {
        if (text.Contains('@', StringComparison.Ordinal))
            return Parsed.Error<string>("an address with a user or password in it is refused; write http://prometheus:9090");
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            && url.Host.Length > 0 && url.Query.Length == 0 && url.Fragment.Length == 0 && text.Length <= MaxPath
            && text.StartsWith(url.Scheme + "://", StringComparison.OrdinalIgnoreCase) && !text.Any(c => c <= ' ')
            ? Parsed.Value(text)
            : Parsed.Error<string>($"{Wording.Quote(text)} is not the address of a server; write http://prometheus:9090");
    }

    /// <summary>Of a file on this machine.</summary>
    public static Parsed<string> FilePath(string text) =>
        text.Length is > 1 and <= MaxPath && text[0] == '/' && text[^1] != '/' && !text.Any(char.IsControl)
            ? Parsed.Value(text)
            : Parsed.Error<string>($"{Wording.Quote(text)} is not the absolute path of a file; write /var/lib/headroom/latency.prom");

    public static Parsed<string> Json(string text)
    {
        try
        {
            using var _ = JsonDocument.Parse(text);
            return Parsed.Value(text);
        }
        catch (JsonException)
        {
            return Parsed.Error<string>($"{Wording.Quote(text)} is not JSON; write '{{\"input\": \"hello\"}}' in single quotes");
        }
    }

    /// <summary><c>key</c> (it is there) or <c>key=value</c>, the value a pattern.</summary>
    public static Parsed<string> LabelMatch(string text) =>
        text.Length is > 0 and <= 512 && text[0] != '=' && !text.Any(char.IsControl) && !text.AsSpan().TrimEnd().Contains(": ", StringComparison.Ordinal)
            ? Parsed.Value(text)
            : Parsed.Error<string>($"{Wording.Quote(text)} is not a label; write com.example.team=search or com.example.team");

    public static Parsed<string> PresetName(string text) =>
        text.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(text[0])
            && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.' or '_')
            ? Parsed.Value(text)
            : Parsed.Error<string>($"{Wording.Quote(text)} is not a name for a preset; write small letters, digits and dashes, as my-server");

    /// <summary>Prometheus' names of metrics.</summary>
    public static Parsed<string> MetricName(string text) =>
        text.Length is > 0 and <= 256 && !char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':')
            ? Parsed.Value(text)
            : Parsed.Error<string>($"{Wording.Quote(text)} is not the name of a metric; write vllm:num_requests_running");

    private static bool IsHttpPath(string text) =>
        text.Length is > 0 and <= MaxPath && text[0] == '/' && text.All(c => c is > ' ' and < '\x7f' and not '#');
}
