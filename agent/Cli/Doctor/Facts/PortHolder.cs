using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Headroom.Cli.Doctor.Facts;

/// <summary>A process that listens on a port.</summary>
/// <param name="Command">From <c>/proc/pid/comm</c>.</param>
internal sealed record PortHolder(int Pid, string Command)
{
    private const string Listening = "0A"; // TCP_LISTEN, include/net/tcp_states.h

    /// <summary>Those whose socket is in the way of <paramref name="wanted"/>; none where their files may not be read.</summary>
    public static IReadOnlyList<PortHolder> Find(IPEndPoint wanted, string procPath)
    {
        var inodes = new HashSet<string>();
        foreach (var table in (string[])["net/tcp", "net/tcp6"])
            foreach (var line in Lines(Path.Combine(procPath, table)).Skip(1))
                if (Listener(line) is var (at, inode) && Collide(at, wanted))
                    inodes.Add($"socket:[{inode}]");
        return inodes.Count == 0 ? [] : [.. Processes(procPath).Where(pid => Holds(procPath, pid, inodes)).Select(pid => new PortHolder(pid, Name(procPath, pid)))];
    }

    // "  0: 0100007F:250C 00000000:0000 0A ... uid timeout inode": addresses as hex words in the machine's own byte order.
    internal static (IPEndPoint At, string Inode)? Listener(string line)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 10 || fields[3] != Listening || fields[1].Split(':') is not [var address, var port])
            return null;
        if (address.Length is not (8 or 32) || !int.TryParse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number))
            return null;
        Span<byte> bytes = stackalloc byte[address.Length / 2];
        for (var word = 0; word < bytes.Length; word += 4)
        {
            if (!uint.TryParse(address.AsSpan(word * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value))
                return null;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[word..], value); // x86-64 and arm64 are little-endian
        }
        return (new IPEndPoint(new IPAddress(bytes), number), fields[9]);
    }

    // [::] takes IPv4 too.
    private static bool Collide(IPEndPoint at, IPEndPoint wanted)
    {
        var (theirs, ours) = (Plain(at.Address), Plain(wanted.Address));
        if (at.Port != wanted.Port)
            return false;
        if (theirs.Equals(IPAddress.IPv6Any) || ours.Equals(IPAddress.IPv6Any) || theirs.Equals(ours))
            return true;
        return theirs.AddressFamily == ours.AddressFamily && (theirs.Equals(IPAddress.Any) || ours.Equals(IPAddress.Any));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IEnumerable<int> Processes(string procPath) =>
        Directory.EnumerateDirectories(procPath).Select(Path.GetFileName).Select(name => int.TryParse(name, CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(pid => pid > 0);

    private static bool Holds(string procPath, int pid, HashSet<string> sockets)
    {
        try
        {
            return new DirectoryInfo($"{procPath}/{pid}/fd").EnumerateFiles().Any(file => file.LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Name(string procPath, int pid) => Lines($"{procPath}/{pid}/comm").FirstOrDefault() ?? "?";

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
