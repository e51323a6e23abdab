using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Headroom.Act.Freezing;

namespace Headroom.IntegrationTests;

/// <summary>A plain process in a cgroup of its own, named like a container's: what a container is to the freezer.</summary>
internal sealed class Burner : IDisposable
{
    private readonly Process _process;

    /// <param name="script">Of sh. Default: burns one core.</param>
    public Burner(string root, bool isV2, string script = "while :; do :; done")
    {
        var id = RandomNumberGenerator.GetHexString(64, lowercase: true);
        Target = new FreezeTarget(id, Directory.CreateDirectory(Path.Combine(root, id)).FullName, isV2);
        _process = Process.Start("sh", ["-c", $"echo $$ > {Target.Folder}/cgroup.procs; {script}"]);
        while (!File.ReadAllText($"/proc/{_process.Id}/cgroup").Contains(id, StringComparison.Ordinal))
            Thread.Yield();
    }

    public FreezeTarget Target { get; }
    public int Pid => _process.Id;

    /// <summary>Where version 2 is mounted here; null: nowhere.</summary>
    public static string? RootV2 => new[] { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" }.FirstOrDefault(r => File.Exists($"{r}/cgroup.subtree_control"));

    public static string? RootV1 => new[] { "/sys/fs/cgroup/freezer" }.FirstOrDefault(Directory.Exists);

    /// <summary>How long its first thread ran, and waited for a core, in all (proc_pid_schedstat): the sum is the time in which it could have run on a machine with cores to spare.</summary>
    public static (TimeSpan Ran, TimeSpan Waited) CpuOf(int pid, int? thread = null)
    {
        var fields = File.ReadAllText(thread is null ? $"/proc/{pid}/schedstat" : $"/proc/{pid}/task/{thread}/schedstat").Split(' ');
        return (Nanoseconds(fields[0]), Nanoseconds(fields[1]));
    }

    /// <summary>Part of this time in which it ran, and in which it ran or waited for a core.</summary>
    public static async Task<(double Ran, double Could)> ShareOfAsync(int pid, TimeSpan span)
    {
        var (clock, before) = (Stopwatch.StartNew(), CpuOf(pid));
        await Task.Delay(span);
        var (after, took) = (CpuOf(pid), clock.Elapsed);
        var (ran, waited) = (after.Ran - before.Ran, after.Waited - before.Waited);
        return (ran / took, (ran + waited) / took);
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Processes in this very cgroup, not in those below.</summary>
    public static IReadOnlyList<int> PidsIn(string folder) =>
        [.. File.ReadAllLines(Path.Combine(folder, "cgroup.procs")).Select(pid => int.Parse(pid, CultureInfo.InvariantCulture))];

    public void Dispose()
    {
        FreezeTarget[] innerFirst = [FreezeCell.In(Target), Target];
        foreach (var target in innerFirst.Where(t => Directory.Exists(t.Folder)))
            File.WriteAllText(target.File, target.Thawed);
        Kill();
        _process.Dispose();
        // Its children, if it had any, and the cgroup when the last has ended.
        foreach (var folder in innerFirst.Select(t => t.Folder))
            for (var tries = 0; tries < 1000 && Directory.Exists(folder); tries++)
            {
                foreach (var pid in PidsIn(folder))
                    Process.Start("sh", ["-c", $"kill -9 {pid} 2>/dev/null"]).WaitForExit();
                try
                {
                    Directory.Delete(folder);
                }
                catch (IOException)
                {
                    Thread.Yield();
                }
            }
    }

    private static TimeSpan Nanoseconds(string text) => TimeSpan.FromTicks(long.Parse(text, CultureInfo.InvariantCulture) / TimeSpan.NanosecondsPerTick);
}
