using Headroom.Cli.Doctor.Facts;
using Headroom.Model;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Can containers be frozen from here?</summary>
internal static class CgroupCheck
{
    private const string Code = "cgroup";
    private const string Advice = "run as root on the host; in a container mount /sys/fs/cgroup read-write and use --cgroupns=host";

    public static IEnumerable<Finding> Of(CgroupFacts facts, DockerInfo? docker)
    {
        if (facts.Version is not { } version)
        {
            yield return new Finding(Code, Level.Warn, "no cgroup file system with a freezer at /sys/fs/cgroup: containers cannot be frozen", Advice);
            yield break;
        }
        var what = $"cgroup version {version}{(docker is { CgroupDriver.Length: > 0 } ? $", Docker's driver {docker.CgroupDriver}" : "")}";
        yield return facts.Freezer switch
        {
            FreezerAccess.Writable => new Finding(Code, Level.Ok, $"{what}; the freezer can be written ({facts.File})"),
            FreezerAccess.NotTried => new Finding(Code, Level.Note, $"{what}; no container runs to try the freezer on"),
            FreezerAccess.ReadOnly => new Finding(Code, Level.Warn, $"{what}; {facts.File} cannot be written: {facts.Container} could not be frozen", Advice),
            _ => new Finding(Code, Level.Warn, $"{what}; the freezer of {facts.Container} is not at {facts.File ?? "any path that /proc tells"}", Advice),
        };
    }
}
