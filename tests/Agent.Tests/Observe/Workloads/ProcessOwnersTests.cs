using Headroom.Observe.Workloads;

namespace Headroom.Tests.Observe.Workloads;

/// <summary>On a /proc of our own, so that pids can be reused at will.</summary>
public sealed class ProcessOwnersTests : IDisposable
{
    private static readonly string A = new('a', 64);
    private static readonly string B = new('b', 64);

    private readonly string _proc = Directory.CreateTempSubdirectory("headroom-proc-").FullName;

    public void Dispose() => Directory.Delete(_proc, recursive: true);

    [Fact]
    public void A_reused_pid_belongs_to_its_new_owner()
    {
        var owners = new ProcessOwners(_proc);
        Write(100, startTime: 1, A);
        Assert.Equal(A, owners.Find(100)?.ContainerId);
        owners.EndSweep();

        Write(100, startTime: 2, B);
        Assert.Equal(B, owners.Find(100)?.ContainerId);
    }

    [Fact]
    public void A_known_process_is_not_looked_up_again()
    {
        var owners = new ProcessOwners(_proc);
        Write(100, startTime: 1, A);
        owners.Find(100);
        owners.EndSweep();
        File.Delete(Path.Combine(_proc, "100", "cgroup"));
        Assert.Equal(A, owners.Find(100)?.ContainerId);
    }

    [Fact]
    public void A_process_that_is_gone_has_no_owner() => Assert.Null(new ProcessOwners(_proc).Find(100));

    [Fact]
    public void A_process_of_the_host_has_a_name_and_no_container()
    {
        Write(100, startTime: 1, null);
        Assert.Equal(new ProcessOwner(null, "a (b) c"), new ProcessOwners(_proc).Find(100));
    }

    private void Write(int pid, ulong startTime, string? container)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_proc, $"{pid}")).FullName;
        // A name with brackets and spaces, as anyone may choose.
        File.WriteAllText(Path.Combine(folder, "stat"), $"{pid} (a (b) c) S 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 {startTime} 1000 20 18446744073709551615\n");
        File.WriteAllText(Path.Combine(folder, "cgroup"), container is null ? "0::/\n" : $"0::/docker/{container}\n");
        File.WriteAllText(Path.Combine(folder, "comm"), "a (b) c\n");
    }
}
