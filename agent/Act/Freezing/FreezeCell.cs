using System.Globalization;
using Headroom.Interop.Linux;

namespace Headroom.Act.Freezing;

/// <summary>A cgroup of our own inside the container's, into which its processes are moved before the first freeze. Docker's pause writes the container's file and we
/// write ours, so neither hand can undo the other's: a pause by a person stands whatever we write (what is above counts too), and to Docker the container is never paused
/// by us: exec, health checks, pause and commit work (tried: with one file for both, runc refuses them at every freeze). It goes with the container.</summary>
internal static class FreezeCell
{
    public const string Name = "headroom";
    /// <summary>Processes appear while others are moved; who forks faster than this is not stopped by moving.</summary>
    private const int Passes = 50;
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    /// <param name="container">The container's own freezer.</param>
    public static FreezeTarget In(FreezeTarget container) => container with { Folder = Path.Combine(container.Folder, Name) };

    /// <summary>Makes the cell and moves in what is not there yet. What a command (`docker exec`) starts after that stays outside and runs free, until the next time.</summary>
    /// <returns>Null: done; else what is in the way.</returns>
    public static string? Gather(FreezeTarget cell) => Gather(cell, TimeSpan.Zero);

    /// <summary>Once more, what has lived for a while. A command that is just being started must not be stopped in the middle: `docker exec` waits for that, and so would a health check.</summary>
    public static string? GatherSettled(FreezeTarget cell) => Gather(cell, Settled);

    private static string? Gather(FreezeTarget cell, TimeSpan age)
    {
        if (FreezerFile.WhyNot(cell) is { } why)
            return why;
        var around = Path.Combine(Path.GetDirectoryName(cell.Folder)!, "cgroup.procs");
        var inside = Path.Combine(cell.Folder, "cgroup.procs");
        // .NET makes what is above as well: a container that has ended would get its cgroup back.
        if (!File.Exists(around))
            return $"{around} does not exist: the container has ended";
        try
        {
            Directory.CreateDirectory(cell.Folder);
            string[] moved = [];
            for (var pass = 0; pass < Passes; pass++)
            {
                var outside = File.ReadAllLines(around);
                if (outside.Length == 0)
                    return File.ReadAllLines(inside).Length > 0 ? null : $"{around} is empty: the container has ended, or has put all its processes into cgroups of its own";
                string[] old = [.. outside.Where(pid => !IsYounger(pid, age))];
                // Version 2 goes on listing a process whose first thread has ended where that thread was; the others have been moved (tried).
                if (old.Length == 0 || old.SequenceEqual(moved))
                    return null;
                foreach (var pid in old)
                    Move(pid, inside);
                moved = old;
            }
            return $"processes appear in {around} faster than they can be moved";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{cell.Folder}: {e.Message}: run the agent as root on the host; in a container mount /sys/fs/cgroup read-write and use --cgroupns=host";
        }
    }

    private static bool IsYounger(string pid, TimeSpan age) =>
        age > TimeSpan.Zero && int.TryParse(pid, CultureInfo.InvariantCulture, out var number) && ProcessFacts.AgeOf(number) < age;

    private static void Move(string pid, string procs)
    {
        // "0": a process of another pid namespace than ours; it can't be named.
        if (!int.TryParse(pid, CultureInfo.InvariantCulture, out var number) || number <= 0)
            throw new IOException($"a process in it can't be seen from here (pid {pid}): the agent needs the host's pid namespace");
        try
        {
            using var file = new FileStream(procs, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(pid));
        }
        catch (IOException) when (!Directory.Exists($"/proc/{pid}"))
        {
            // ended meanwhile
        }
    }
}
