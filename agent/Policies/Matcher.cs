using Headroom.Model;

namespace Headroom.Policies;

/// <summary>Does an entry's <c>match:</c> hold for a container?</summary>
internal static class Matcher
{
    public static bool Matches(this WorkloadMatch match, ContainerSample container) =>
        (match.Container is null || Glob.Matches(match.Container, container.ContainerName))
        && (match.ComposeService is null || (container.ComposeService is { } service && Glob.Matches(match.ComposeService, service)))
        && (match.Image is null || MatchesImage(match.Image, container.Image))
        && (match.Label is null || MatchesLabel(match.Label, container.Labels));

    /// <summary>The image without registry path being touched, but without tag and digest: <c>vllm/vllm-openai</c>.</summary>
    public static string Repository(string image)
    {
        var repository = WithoutDigest(image);
        var colon = repository.LastIndexOf(':');
        // A colon before the last slash is a registry's port.
        return colon > repository.LastIndexOf('/') ? repository[..colon] : repository;
    }

    private static bool MatchesImage(string pattern, string image)
    {
        var wanted = Familiar(pattern);
        var given = Familiar(image);
        return Glob.Matches(wanted, given) || Glob.Matches(wanted, WithoutDigest(given)) || Glob.Matches(wanted, Repository(given));
    }

    private static string WithoutDigest(string image) => image.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at ? image[..at] : image;

    /// <summary>As Docker shows it: Docker Hub's address, and the <c>library</c> of its own images, may be left off.</summary>
    private static string Familiar(string image)
    {
        foreach (var prefix in (string[])["docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/", "library/"])
            if (image.StartsWith(prefix, StringComparison.Ordinal))
                return image[prefix.Length..];
        return image;
    }

    private static bool MatchesLabel(string wanted, IReadOnlyDictionary<string, string> labels)
    {
        var equals = wanted.IndexOf('=', StringComparison.Ordinal);
        return equals < 0
            ? labels.ContainsKey(wanted)
            : labels.TryGetValue(wanted[..equals], out var value) && Glob.Matches(wanted[(equals + 1)..], value);
    }
}
