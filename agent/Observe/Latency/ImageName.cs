namespace Headroom.Observe.Latency;

/// <summary>Image references as users write them, and the patterns of presets.</summary>
internal static class ImageName
{
    /// <summary>The repository without registry, tag and digest: <c>ghcr.io/huggingface/tei:1.8@sha256:...</c> is <c>huggingface/tei</c>.</summary>
    public static string Repository(string image)
    {
        var at = image.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
            image = image[..at];
        var colon = image.LastIndexOf(':');
        if (colon > image.LastIndexOf('/'))
            image = image[..colon];
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        // Docker's own rule: a first part with a dot or a colon is a host.
        if (slash > 0 && (image.AsSpan(0, slash).IndexOfAny('.', ':') >= 0 || image.StartsWith("localhost/", StringComparison.Ordinal)))
            image = image[(slash + 1)..];
        return image.ToLowerInvariant();
    }

    /// <summary>Whether the repository ends in the pattern, whole path parts only: mirrors put their own parts in front.
    /// With a trailing <c>*</c> the pattern may stand anywhere and be followed by anything.</summary>
    public static bool Matches(string repository, string pattern)
    {
        var open = pattern.EndsWith('*');
        var text = open ? pattern[..^1] : pattern;
        if (text.Length == 0)
            return open;
        for (var from = 0; from >= 0 && from < repository.Length;)
        {
            var rest = repository.AsSpan(from);
            if (open ? rest.StartsWith(text, StringComparison.OrdinalIgnoreCase) : rest.Equals(text, StringComparison.OrdinalIgnoreCase))
                return true;
            var slash = repository.IndexOf('/', from);
            from = slash < 0 ? -1 : slash + 1;
        }
        return false;
    }
}
