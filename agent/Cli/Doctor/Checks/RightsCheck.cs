using Headroom.Cli.Doctor.Facts;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>May it do what it is to do?</summary>
internal static class RightsCheck
{
    private const string Code = "rights";
    // Bits of include/uapi/linux/capability.h.
    private const ulong NetRaw = 1UL << 13, SysPtrace = 1UL << 19, SysAdmin = 1UL << 21;

    public static IEnumerable<Finding> Of(HostFacts facts)
    {
        if (facts.Capabilities is { } capabilities)
        {
            var missing = Missing(capabilities, ("CAP_SYS_ADMIN", SysAdmin), ("CAP_SYS_PTRACE", SysPtrace));
            yield return missing.Length == 0
                ? new Finding(Code, Level.Ok, facts.IsRoot ? "root" : "enough capabilities to enter network namespaces")
                : new Finding(Code, Level.Warn,
                    $"{missing} missing: the latency of a server that listens only on its container's own loopback cannot be read",
                    "run as root, or give the capabilities (--cap-add, AmbientCapabilities=)");
            if ((capabilities & NetRaw) == 0)
                yield return new Finding(Code, Level.Note, "CAP_NET_RAW missing: requests in flight cannot be watched from outside, so no batch yields to them request by request; shares and latency work as without a gate");
        }
        else
        {
            yield return new Finding(Code, Level.Note, "what capabilities this process has cannot be told");
        }
        foreach (var directory in facts.Directories.Where(d => !d.Writable))
            yield return new Finding(
                Code, directory.What == "runtime" ? Level.Fail : Level.Warn,
                $"the {directory.What} folder {directory.Path} {(directory.Exists ? "cannot be written" : "is not there and cannot be made")}",
                $"run as root, or name another with --{directory.What}-dir");
    }

    private static string Missing(ulong capabilities, params (string Name, ulong Bit)[] wanted) =>
        string.Join(" and ", wanted.Where(w => (capabilities & w.Bit) == 0).Select(w => w.Name));
}
