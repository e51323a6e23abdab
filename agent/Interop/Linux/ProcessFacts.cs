using System.Globalization;

namespace Headroom.Interop.Linux;

/// <summary>What <c>/proc/PID</c> says of one process. Null where it is gone or may not be looked at.</summary>
internal static class ProcessFacts
{
    /// <summary>When it began, in clock ticks since boot (field 22 of <c>stat</c>): with the pid it names one process for good.</summary>
    public static ulong? StartTimeOf(int pid, string procPath = "/proc") => Look(pid, procPath)?.Started;

    /// <summary>The same of a process that still holds something: one that has ended and only waits to be asked for its exit code holds nothing any more, no memory of a GPU either.</summary>
    public static ulong? StartTimeOfLiving(int pid, string procPath = "/proc") =>
        Look(pid, procPath) is { } seen && !(seen.State is 'Z' or 'X' && seen.Threads <= 1) ? seen.Started : null;

    /// <summary>How long it has been there; null where it is gone.</summary>
    public static TimeSpan? AgeOf(int pid, string procPath = "/proc") => StartTimeOf(pid, procPath) is { } started
        ? TimeSpan.FromSeconds((double)BootClock.Instance.GetTimestamp() / BootClock.Instance.TimestampFrequency - (double)started / TicksASecond) : null;

    // USER_HZ, the unit in which the kernel tells times to programs: 100 on x86-64 and arm64.
    private const int TicksASecond = 100;

    private static (char State, int Threads, ulong Started)? Look(int pid, string procPath)
    {
        // Asked for each process on a GPU each second: the fields up to the 22nd are some 300 bytes at most, and no more is read.
        Span<byte> bytes = stackalloc byte[1024];
        ReadOnlySpan<byte> stat = bytes[..Head(pid, "stat", procPath, bytes)];
        // The second field, the name in brackets, may hold anything, brackets and spaces too.
        var rest = stat[(stat.LastIndexOf((byte)')') + 1)..].Trim((byte)' ');
        var field = 2; // the fields after the name begin with the third
        var (state, threads) = (' ', 1);
        foreach (var range in rest.Split((byte)' '))
        {
            field++;
            if (field == 3 && rest[range].Length > 0)
                state = (char)rest[range][0];
            else if (field == 20 && int.TryParse(rest[range], CultureInfo.InvariantCulture, out var count))
                threads = count;
            else if (field == 22)
                return ulong.TryParse(rest[range], CultureInfo.InvariantCulture, out var value) ? (state, threads, value) : null;
        }
        return null;
    }

    /// <returns>How many bytes there are of its beginning; 0 where it is gone or may not be looked at.</returns>
    private static int Head(int pid, string file, string procPath, Span<byte> into)
    {
        try
        {
            using var handle = File.OpenHandle(Path.Combine(procPath, Text(pid), file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return RandomAccess.Read(handle, into, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0; // it ended between two looks
        }
    }

    /// <summary>Inode of its pid namespace.</summary>
    public static ulong? PidNamespaceOf(int pid, string procPath = "/proc")
    {
        try
        {
            // "pid:[4026531836]"
            return new FileInfo(Path.Combine(procPath, Text(pid), "ns/pid")).LinkTarget is { Length: > 6 } target && ulong.TryParse(target.AsSpan(5, target.Length - 6), CultureInfo.InvariantCulture, out var inode)
                ? inode : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Its pid in its own namespace: the last of <c>NSpid</c>.</summary>
    public static int? PidInsideOf(int pid, string procPath = "/proc")
    {
        if (TextOf(pid, "status", procPath) is not { } status)
            return null;
        foreach (var line in status.AsSpan().EnumerateLines())
            if (line.StartsWith("NSpid:"))
                return int.TryParse(line[(line.LastIndexOf('\t') + 1)..], CultureInfo.InvariantCulture, out var inside) ? inside : null;
        return null;
    }

    /// <summary>All processes that can be seen.</summary>
    public static IEnumerable<int> All(string procPath = "/proc")
    {
        foreach (var folder in Directory.EnumerateDirectories(procPath))
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                yield return pid;
    }

    /// <summary>One of its small files, whole.</summary>
    public static string? TextOf(int pid, string file, string procPath = "/proc")
    {
        try
        {
            return File.ReadAllText(Path.Combine(procPath, Text(pid), file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it ended between two looks
        }
    }

    private static string Text(int pid) => pid.ToString(CultureInfo.InvariantCulture);
}
