using System.Text;
using System.Text.Json;

namespace Headroom.Profiling.Load;

/// <summary>A request that a user wrote: <c>*.http</c> as editors run them (request line, headers, an empty line, body), or a JSON body that is posted.</summary>
internal static class RequestFile
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    private static readonly string[] Ours = ["Content-Length", "Transfer-Encoding", "Connection", "Host"];

    /// <param name="name">For messages; its ending tells the format.</param>
    /// <param name="path">Where a JSON body is posted to; null for a <c>.http</c> file, which says it itself.</param>
    /// <exception cref="FormatException">File, line, what is wrong and what would be right.</exception>
    public static RequestTemplate Parse(string name, string text, string? path) =>
        name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? Json(name, text, path) : Http(name, text, path);

    private static RequestTemplate Json(string name, string text, string? path)
    {
        try
        {
            using var body = JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new FormatException($"{name}:{(e.LineNumber ?? 0) + 1}: it is not JSON: {e.Message}");
        }
        if (path is null)
            throw new FormatException($"{name}: a body alone does not say where it goes: give --path, such as --path /v1/completions, or write a .http file");
        return new RequestTemplate(name, "POST", path, [new("Content-Type", "application/json")], Encoding.UTF8.GetBytes(text));
    }

    private static RequestTemplate Http(string name, string text, string? path)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        var at = 0;
        while (at < lines.Length && (string.IsNullOrWhiteSpace(lines[at]) || lines[at].StartsWith('#') || lines[at].StartsWith("//", StringComparison.Ordinal)))
            at++;
        if (at == lines.Length)
            throw new FormatException($"{name}: it is empty: the first line is the request, such as `POST /v1/completions`");
        var words = lines[at].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not [var method, var where, ..] || !Methods.Contains(method))
            throw new FormatException($"{name}:{at + 1}: \"{lines[at]}\" is no request line such as `POST /v1/completions`");
        // Editors write the whole address; the server is named on the command line.
        if (Uri.TryCreate(where, UriKind.Absolute, out var absolute) && absolute.Scheme is "http" or "https")
            where = absolute!.PathAndQuery;
        if (!where.StartsWith('/'))
            throw new FormatException($"{name}:{at + 1}: \"{where}\" is no absolute path such as /v1/completions");

        var headers = new List<KeyValuePair<string, string>>();
        for (at++; at < lines.Length && lines[at].Trim().Length > 0; at++)
        {
            if (lines[at].StartsWith('#'))
                continue;
            var colon = lines[at].IndexOf(':');
            if (colon <= 0)
                throw new FormatException($"{name}:{at + 1}: \"{lines[at]}\" is no header such as `Content-Type: application/json`; the body comes after an empty line");
            var header = lines[at][..colon].Trim();
            if (!Ours.Contains(header, StringComparer.OrdinalIgnoreCase))
                headers.Add(new(header, lines[at][(colon + 1)..].Trim()));
        }
        var rest = string.Join('\n', lines.Skip(at + 1));
        // "###" begins the next request of such a file: only the first is sent.
        var end = rest.StartsWith("###", StringComparison.Ordinal) ? 0 : rest.IndexOf("\n###", StringComparison.Ordinal);
        var body = (end < 0 ? rest : rest[..end]).Trim('\n');
        return new RequestTemplate(name, method, path ?? where, headers, body.Length == 0 ? null : Encoding.UTF8.GetBytes(body));
    }
}
