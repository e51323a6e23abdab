namespace Headroom.Observe.Activity.Framing;

/// <summary>How HTTP/1 messages begin and end (RFC 9112), for finding them again.</summary>
internal static class Http1Words
{
    /// <summary>A method and a space, or as much of it as is there.</summary>
    public static Protocol Method(ReadOnlySpan<byte> bytes)
    {
        var part = false;
        foreach (var method in Methods)
        {
            var common = Math.Min(method.Length, bytes.Length);
            if (!bytes[..common].SequenceEqual(method.AsSpan(0, common)))
                continue;
            if (common == method.Length)
                return Protocol.Http1;
            part = true;
        }
        return part ? Protocol.Undecided : Protocol.Opaque;
    }

    /// <summary>A request line, at least its begin where it is longer than the segment.</summary>
    public static bool BeginsRequest(ReadOnlySpan<byte> bytes)
    {
        if (Method(bytes) != Protocol.Http1)
            return false;
        var end = bytes.IndexOf((byte)'\n');
        if (end >= 0)
            return HasVersion(bytes[..end]);
        var target = bytes[(bytes.IndexOf((byte)' ') + 1)..];
        return target.Length > 0 && (target[0] is (byte)'/' or (byte)'*' || target.StartsWith("http"u8));
    }

    /// <summary>A request line ends in its version, at least in <c>HTTP/1.</c></summary>
    public static bool HasVersion(ReadOnlySpan<byte> line)
    {
        if (!line.IsEmpty && line[^1] == '\r')
            line = line[..^1];
        return line.Length > 9 && line[..^1].EndsWith(" HTTP/1."u8);
    }

    public static bool BeginsAnswer(ReadOnlySpan<byte> bytes) => Code(bytes) > 0;

    /// <summary>The status of an answer's first line; 0: it is none.</summary>
    public static int Code(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[8] != ' ')
            return 0;
        int a = line[9] - '0', b = line[10] - '0', c = line[11] - '0';
        return a is < 1 or > 9 || b is < 0 or > 9 || c is < 0 or > 9 ? 0 : a * 100 + b * 10 + c;
    }

    /// <summary>The last chunk of a body, without trailers, as servers send it: at the end of a segment.</summary>
    public static bool EndsChunks(ReadOnlySpan<byte> bytes) => bytes.EndsWith("\r\n0\r\n\r\n"u8) || bytes.SequenceEqual("0\r\n\r\n"u8);

    private static readonly byte[][] Methods =
        [.. new[] { "POST ", "GET ", "HEAD ", "OPTIONS ", "PUT ", "DELETE ", "PATCH ", "CONNECT ", "TRACE " }.Select(System.Text.Encoding.ASCII.GetBytes)];
}
