using System.Globalization;
using System.Net;

namespace Headroom.Interop.Linux;

/// <summary>The addresses of one network namespace, as <c>/proc/PID/net</c> lists them.</summary>
internal static class LocalAddresses
{
    private const string Leaf = "|-- ";

    /// <summary>Numbers as in <see cref="TcpEnds"/>; 127.0.0.0/8 is left out: see <see cref="IsLoopback"/>. Null when it can't be told.</summary>
    public static HashSet<UInt128>? Of(int pid, string procPath = "/proc")
    {
        if (ProcessFacts.TextOf(pid, "net/fib_trie", procPath) is not { } routes)
            return null;
        var found = new HashSet<UInt128>();
        Span<byte> bytes = stackalloc byte[16];
        UInt128 last = default;
        // "|-- 10.0.0.5" and, below it, "/32 host LOCAL".
        foreach (var line in routes.AsSpan().EnumerateLines())
        {
            var at = line.IndexOf(Leaf, StringComparison.Ordinal);
            if (at >= 0 && IPAddress.TryParse(line[(at + Leaf.Length)..].Trim(), out var address) && address.TryWriteBytes(bytes, out var length))
                last = TcpEnds.Address(bytes[..length]);
            else if (line.EndsWith("/32 host LOCAL", StringComparison.Ordinal))
                found.Add(last);
        }
        foreach (var line in (ProcessFacts.TextOf(pid, "net/if_inet6", procPath) ?? "").AsSpan().EnumerateLines())
            if (line.Length > 32 && UInt128.TryParse(line[..32], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var address))
                found.Add(address);
        return found;
    }

    public static bool IsLoopback(UInt128 address) => address == UInt128.One || address >> 24 == 0xff_ff7fUL;
}
