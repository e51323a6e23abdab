using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>Sockets that live in a container's network namespace: the way to a server that listens only on its own loopback, and to see its packets.
/// A socket stays in the namespace in which it was made, whoever uses it later, and keeps the namespace there as long as it is open.</summary>
internal static class NetworkNamespace
{
    /// <summary>A new, unconnected TCP socket in the network namespace of <paramref name="pid"/>, if that process belongs to the container.</summary>
    /// <exception cref="UnauthorizedAccessException">The agent may not enter.</exception>
    /// <exception cref="IOException">The process is gone or is not of this container, or the kernel refused.</exception>
    public static Socket CreateTcpSocket(int pid, string containerId) => new(CreateSocket(pid, containerId, Libc.InternetFamily, Libc.Stream, 0));

    /// <summary>The same of any kind; nothing is bound or connected yet.</summary>
    public static SafeSocketHandle CreateSocket(int pid, string containerId, int family, int kind, int protocol)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        ArgumentException.ThrowIfNullOrWhiteSpace(containerId);
        SafeSocketHandle? socket = null;
        ExceptionDispatchInfo? failure = null;
        // A thread of its own that ends here: even if the way back fails, no other work can ever run in the wrong namespace.
        var thread = new Thread(() =>
        {
            try
            {
                socket = Create(pid, containerId, family, kind, protocol);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true, Name = "netns" };
        thread.Start();
        // Waits for about five system calls. Not a task: its completion could make this thread start a pool thread, which would inherit the namespace.
        thread.Join();
        failure?.Throw();
        return socket!;
    }

    /// <summary>Whether that process has the host's network; false where it can't be told.</summary>
    public static bool IsHosts(int pid) => Of(pid) is { } own && own == Of(1);

    private static string? Of(int pid)
    {
        try
        {
            return new FileInfo(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net")).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static SafeSocketHandle Create(int pid, string containerId, int family, int kind, int protocol)
    {
        // An open /proc/<pid> belongs to one process for ever; when that ends, its entries are gone even if the pid is used again.
        using var process = Open($"/proc/{pid}", pid);
        var root = $"/proc/self/fd/{process.DangerousGetHandle()}";
        using var theirs = Open($"{root}/ns/net", pid);
        RequireContainer($"{root}/cgroup", pid, containerId);
        using var ours = Open("/proc/thread-self/ns/net", pid);

        var target = (int)theirs.DangerousGetHandle();
        var home = (int)ours.DangerousGetHandle();
        _ = Libc.Socket(-1, 0, 0); // resolves the import now: inside, nothing but bare system calls may happen

        if (Libc.SetNamespace(target, Libc.NewNetwork) != 0)
            throw Failure(pid, Marshal.GetLastPInvokeError());
        var fd = Libc.Socket(family, kind, protocol);
        var error = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        var back = Libc.SetNamespace(home, Libc.NewNetwork);
        var backError = back == 0 ? 0 : Marshal.GetLastPInvokeError();

        if (fd < 0)
            throw family == Libc.PacketFamily && error == Libc.NotPermitted
                ? new UnauthorizedAccessException("not permitted to watch packets: run as root or give CAP_NET_RAW")
                : Failure(pid, error);
        var handle = new SafeSocketHandle(fd, ownsHandle: true);
        if (back == 0)
            return handle;
        handle.Dispose();
        throw Failure(pid, backError);
    }

    private static SafeFileHandle Open(string path, int pid)
    {
        var handle = Libc.Open(path, Libc.OpenCloseOnExec);
        if (!handle.IsInvalid)
            return handle;
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw Failure(pid, error);
    }

    private static void RequireContainer(string path, int pid, string containerId)
    {
        string cgroup;
        try
        {
            cgroup = File.ReadAllText(path);
        }
        catch (IOException)
        {
            throw Failure(pid, Libc.NoProcess);
        }
        if (!cgroup.Contains(containerId, StringComparison.Ordinal))
            throw new IOException($"pid {pid} is not of container {containerId[..Math.Min(12, containerId.Length)]}: its network namespace is not entered");
    }

    private static Exception Failure(int pid, int error) => error switch
    {
        Libc.NotPermitted or Libc.AccessDenied => new UnauthorizedAccessException(
            $"not permitted to enter the network namespace of pid {pid}: run as root or give CAP_SYS_ADMIN and CAP_SYS_PTRACE"),
        Libc.NoEntry or Libc.NoProcess => new IOException($"pid {pid} is gone (the agent must see the host's pids: `pid: host`)"),
        _ => new IOException($"network namespace of pid {pid}: {Marshal.GetPInvokeErrorMessage(error)}"),
    };
}
