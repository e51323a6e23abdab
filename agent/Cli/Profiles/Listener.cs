using System.Globalization;
using Headroom.Interop.Linux;
using Headroom.Observe.Activity;

namespace Headroom.Cli.Profiles;

/// <summary>The process that listens on a port of this host.</summary>
internal static class Listener
{
    private const string Listening = "0A";

    /// <summary>Null: nobody, or a process that may not be looked at.</summary>
    public static int? On(int port, string procPath = "/proc")
    {
        foreach (var table in new[] { "net/tcp", "net/tcp6" })
            foreach (var line in (ProcessFacts.TextOf(Environment.ProcessId, table, procPath) ?? "").Split('\n').Skip(1))
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, _, Listening, _, _, _, _, _, var inode, ..]
                    && int.TryParse(local.AsSpan(local.LastIndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var at) && at == port
                    && uint.TryParse(inode, CultureInfo.InvariantCulture, out var number) && ListenOwner.Holder(number, procPath) is { } pid)
                    return pid;
        return null;
    }

    /// <summary>It is that process or one that it started: servers let a child do the work on the GPU.</summary>
    public static bool IsOf(int pid, int listener, string procPath = "/proc")
    {
        for (var depth = 0; pid > 1 && depth < 32; depth++)
        {
            if (pid == listener)
                return true;
            pid = Parent(pid, procPath);
        }
        return false;
    }

    private static int Parent(int pid, string procPath) =>
        (ProcessFacts.TextOf(pid, "status", procPath) ?? "").Split('\n').FirstOrDefault(line => line.StartsWith("PPid:", StringComparison.Ordinal)) is { } line
        && int.TryParse(line.AsSpan(5).Trim(), CultureInfo.InvariantCulture, out var parent) ? parent : 0;
}
