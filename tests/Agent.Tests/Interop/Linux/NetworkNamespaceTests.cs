using System.Net;
using System.Net.Sockets;
using Headroom.Interop.Linux;
using Headroom.Tests.Support;

namespace Headroom.Tests.Interop.Linux;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public async Task A_socket_reaches_a_server_on_the_loopback_of_another_namespace()
    {
        if (!ForeignNamespace.IsRoot)
        {
            AssertDenied();
            return;
        }
        using var container = new ForeignNamespace();
        using var listener = container.Bound();
        listener.Listen();
        var point = (IPEndPoint)listener.LocalEndPoint!;

        using var inside = NetworkNamespace.CreateTcpSocket(container.Pid, container.Id);
        await inside.ConnectAsync(point);
        Assert.True(inside.Connected);

        using var outside = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(async () => await outside.ConnectAsync(point));
    }

    [Fact]
    public void No_thread_stays_behind_in_the_other_namespace()
    {
        if (!ForeignNamespace.IsRoot)
        {
            AssertDenied();
            return;
        }
        using var container = new ForeignNamespace();
        Parallel.For(0, 40, _ => NetworkNamespace.CreateTcpSocket(container.Pid, container.Id).Dispose());

        var ours = ForeignNamespace.Namespace(Environment.ProcessId);
        foreach (var thread in Directory.GetDirectories("/proc/self/task"))
        {
            // Null: the thread ended meanwhile.
            if (new FileInfo($"{thread}/ns/net").LinkTarget is { } its)
                Assert.Equal(ours, its);
        }
    }

    [Fact]
    public void A_pid_of_another_container_is_not_entered()
    {
        if (!ForeignNamespace.IsRoot)
        {
            AssertDenied();
            return;
        }
        using var container = new ForeignNamespace();
        var other = new string('a', 64);

        var error = Assert.Throws<IOException>(() => NetworkNamespace.CreateTcpSocket(container.Pid, other));
        Assert.Equal($"pid {container.Pid} is not of container aaaaaaaaaaaa: its network namespace is not entered", error.Message);
    }

    [Fact]
    public void A_pid_that_ended_is_told_as_gone()
    {
        // Above the kernel's largest pid (4,194,304).
        var error = Assert.Throws<IOException>(() => NetworkNamespace.CreateTcpSocket(5_000_000, "abc"));
        Assert.Contains("pid 5000000 is gone", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Pid 1 is root's: nobody else may look at its namespaces.</summary>
    private static void AssertDenied()
    {
        var error = Assert.Throws<UnauthorizedAccessException>(() => NetworkNamespace.CreateTcpSocket(1, "/"));
        Assert.Contains("run as root or give CAP_SYS_ADMIN", error.Message, StringComparison.Ordinal);
    }
}
