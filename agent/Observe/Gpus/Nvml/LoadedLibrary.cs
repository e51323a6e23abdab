namespace Headroom.Observe.Gpus.Nvml;

/// <summary>Whether the library in use was replaced on disk, as a driver update does: the kernel then marks our mapping of it as deleted.</summary>
internal static class LoadedLibrary
{
    /// <param name="library">The path or name it was loaded by.</param>
    public static bool WasReplaced(string library)
    {
        try
        {
            return IsMappedDeleted(library);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // no descriptor to be had: looked at again next time
        }
    }

    private static bool IsMappedDeleted(string library)
    {
        // The loader resolves names and links: libnvidia-ml.so.1 is mapped as libnvidia-ml.so.580.95.05.
        var stem = Path.GetFileName(library);
        var so = stem.IndexOf(".so", StringComparison.Ordinal);
        stem = so < 0 ? stem : stem[..so];
        var folder = Path.GetDirectoryName(library) ?? "";
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            if (!line.EndsWith("(deleted)", StringComparison.Ordinal))
                continue;
            var path = line.IndexOf('/');
            if (path > 0 && line.AsSpan(path).StartsWith(folder) && line.AsSpan(path).Contains($"/{stem}.so", StringComparison.Ordinal))
                return true;
        }
        return false;
    }
}
