namespace Headroom.Profiling.Load;

/// <summary>The request that is sent over and over.</summary>
/// <param name="From">File or preset that it came from, for people.</param>
/// <param name="Path">Absolute, with its query.</param>
/// <param name="Headers">All but those of the connection and the body's length.</param>
/// <param name="Body">Null: none.</param>
internal sealed record RequestTemplate(string From, string Method, string Path, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[]? Body)
{
    public HttpRequestMessage Message(Uri server)
    {
        var message = new HttpRequestMessage(new HttpMethod(Method), new Uri(server, Path)) { Version = System.Net.HttpVersion.Version11 };
        if (Body is not null)
            message.Content = new ByteArrayContent(Body);
        foreach (var (name, value) in Headers)
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content?.Headers.TryAddWithoutValidation(name, value);
        return message;
    }
}
