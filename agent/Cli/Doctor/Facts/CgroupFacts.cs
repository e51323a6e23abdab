using System.Globalization;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Cli.Doctor.Facts;

internal enum FreezerAccess
{
    /// <summary>No container runs to try it on.</summary>
    NotTried,
    Writable,
    ReadOnly,
    /// <summary>The file is not where the container's cgroup should be.</summary>
    Missing,
}

/// <param name="Version">2, 1, or null when no cgroup file system is mounted.</param>
/// <param name="Container">The container that it was tried on.</param>
/// <param name="File">The file that freezes it.</param>
internal sealed record CgroupFacts(int? Version, FreezerAccess Freezer = FreezerAccess.NotTried, string? Container = null, string? File = null)
{
    /// <param name="root"><c>/sys/fs/cgroup</c>; a test's own tree otherwise, like <paramref name="procPath"/>.</param>
    public static CgroupFacts Read(IReadOnlyList<ContainerSample> containers, string root = "/sys/fs/cgroup", string procPath = "/proc")
    {
        int? version = System.IO.File.Exists(Path.Combine(root, "cgroup.controllers")) ? 2 : Directory.Exists(Path.Combine(root, "freezer")) ? 1 : null;
        if (version is null || containers.FirstOrDefault(c => c.Runs && c.Pid > 0) is not { } container)
            return new CgroupFacts(version);
        if (PathOf(container.Pid, version.Value, procPath) is not { } path)
            return new CgroupFacts(version, FreezerAccess.Missing, container.Name, null);
        var file = version == 2 ? $"{root}{path}/cgroup.freeze" : $"{root}/freezer{path}/freezer.state";
        var access = !System.IO.File.Exists(file) ? FreezerAccess.Missing : FileRights.CanWrite(file) ? FreezerAccess.Writable : FreezerAccess.ReadOnly;
        return new CgroupFacts(version, access, container.Name, file);
    }

    // Lines of /proc/pid/cgroup: "0::/path" is version 2, "7:freezer:/path" the freezer of version 1.
    private static string? PathOf(int pid, int version, string procPath)
    {
        try
        {
            foreach (var line in System.IO.File.ReadLines(Path.Combine(procPath, pid.ToString(CultureInfo.InvariantCulture), "cgroup")))
                if (line.Split(':', 3) is [var hierarchy, var controllers, var path]
                    && (version == 2 ? hierarchy == "0" : controllers.Split(',').Contains("freezer")))
                    return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // ended meanwhile, or hidden from us
        }
        return null;
    }
}
