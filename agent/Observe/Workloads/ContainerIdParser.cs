using System.Buffers;

namespace Headroom.Observe.Workloads;

/// <summary>Finds the container in a <c>/proc/pid/cgroup</c> file. The id is 64 hex digits, whoever made the path:
/// <c>/docker/ID</c> (cgroupfs), <c>/system.slice/docker-ID.scope</c> (systemd), <c>/kubepods…/cri-containerd-ID.scope</c>, <c>libpod-ID.scope</c>,
/// with anything nested below it, on v1 (one line a hierarchy) and v2 (<c>0::/…</c>).</summary>
internal static class ContainerIdParser
{
    private const int IdLength = 64;
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    /// <summary>The outermost container of the path: with Docker in Docker, the one that this host's Docker knows. Null for a process of the host.</summary>
    public static string? Parse(ReadOnlySpan<char> cgroupFile)
    {
        foreach (var line in cgroupFile.EnumerateLines())
        {
            // hierarchy:controllers:path
            var first = line.IndexOf(':');
            var second = first < 0 ? -1 : line[(first + 1)..].IndexOf(':');
            if (second >= 0 && FirstId(line[(first + second + 2)..]) is { } id)
                return id;
        }
        return null;
    }

    private static string? FirstId(ReadOnlySpan<char> path)
    {
        foreach (var range in path.Split('/'))
        {
            var part = path[range];
            if (part.EndsWith(".scope", StringComparison.Ordinal))
                part = part[..^".scope".Length];
            // "docker-ID", "cri-containerd-ID", "kubepods-…:cri-containerd:ID", or the bare id.
            var start = part.LastIndexOfAny('-', ':') + 1;
            var id = part[start..];
            if (id.Length == IdLength && id.IndexOfAnyExcept(Hex) < 0)
                return id.ToString();
        }
        return null;
    }
}
