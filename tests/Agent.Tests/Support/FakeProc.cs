namespace Headroom.Tests.Support;

/// <summary>A /proc of our own, so that pids, namespaces and start times can be chosen.</summary>
internal sealed class FakeProc : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("headroom-proc-").FullName;

    public void Add(int pid, ulong startTime, ulong pidNamespace, int inside, string? container = null, char state = 'S')
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(Path, $"{pid}")).FullName;
        File.WriteAllText($"{folder}/stat", $"{pid} (a (b) c) {state} {string.Join(' ', Enumerable.Repeat("0", 16))} 1 0 {startTime} 0 0");
        File.WriteAllText($"{folder}/status", $"Name:\tx\nNSpid:\t{pid}\t{inside}\nThreads:\t1\n");
        File.WriteAllText($"{folder}/cgroup", container is null ? "0::/user.slice\n" : $"0::/system.slice/docker-{container}.scope\n");
        Directory.CreateDirectory($"{folder}/ns");
        File.Delete($"{folder}/ns/pid");
        File.CreateSymbolicLink($"{folder}/ns/pid", $"pid:[{pidNamespace}]");
    }

    public void Remove(int pid) => Directory.Delete(System.IO.Path.Combine(Path, $"{pid}"), recursive: true);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
