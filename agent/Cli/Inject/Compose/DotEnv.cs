namespace Headroom.Cli.Inject.Compose;

/// <summary>A file of <c>NAME=value</c> lines, as compose reads <c>.env</c> and <c>env_file</c>.</summary>
internal static class DotEnv
{
    /// <summary>Empty when there is none or it can't be read: compose will tell.</summary>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        try
        {
            return File.Exists(path) ? Parse(File.ReadLines(path)) : new Dictionary<string, string>();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Dictionary<string, string>();
        }
    }

    internal static IReadOnlyDictionary<string, string> Parse(IEnumerable<string> lines)
    {
        var values = new Dictionary<string, string>();
        foreach (var line in lines.Select(line => line.Trim()))
        {
            var equals = line.IndexOf('=');
            if (equals <= 0 || line[0] == '#')
                continue;
            var name = line[..equals].Trim();
            values[name.StartsWith("export ", StringComparison.Ordinal) ? name["export ".Length..].Trim() : name] = Value(line[(equals + 1)..].Trim());
        }
        return values;
    }

    // Quotes hold it together; without them " #" begins a comment.
    private static string Value(string text)
    {
        if (text.Length > 0 && text[0] is '"' or '\'' && text.IndexOf(text[0], 1) is > 0 and var end)
            return text[1..end];
        return text.StartsWith('#') ? "" : text.IndexOf(" #", StringComparison.Ordinal) is >= 0 and var comment ? text[..comment].TrimEnd() : text;
    }
}
