using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Headroom.Interop.Linux;

namespace Headroom.Tests.Support;

/// <summary>What a container is to the network: a process in its own network namespace and in a cgroup named by an id. Needs root.</summary>
internal sealed class ForeignNamespace : IDisposable
{
    private readonly string _name = $"hr-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(6, true)}";
    private readonly string _cgroup;
    private readonly Process _process;

    public ForeignNamespace()
    {
        Id = RandomNumberGenerator.GetHexString(64, lowercase: true);
        Run("netns", "add", _name);
        Run("netns", "exec", _name, "ip", "link", "set", "lo", "up");
        // `ip netns exec` becomes the program: the pid stays.
        _process = Start("netns", "exec", _name, "sleep", "300");
        var v1 = "/sys/fs/cgroup/pids";
        _cgroup = Path.Combine(Directory.Exists(v1) ? v1 : "/sys/fs/cgroup", $"headroom-test-{Id}");
        Directory.CreateDirectory(_cgroup);
        File.WriteAllText(Path.Combine(_cgroup, "cgroup.procs"), $"{_process.Id}");
        // The namespace is entered a moment after the start.
        SpinWait.SpinUntil(() => Namespace(_process.Id) != Namespace(Environment.ProcessId), TimeSpan.FromSeconds(10));
    }

    /// <summary>The container id that its cgroup shows.</summary>
    public string Id { get; }
    public int Pid => _process.Id;

    public static bool IsRoot => Environment.IsPrivilegedProcess;

    public static string? Namespace(int pid) => new FileInfo($"/proc/{pid}/ns/net").LinkTarget;

    /// <summary>A socket that listens on the loopback of the namespace.</summary>
    public Socket Bound()
    {
        var socket = NetworkNamespace.CreateTcpSocket(Pid, Id);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Run("netns", "del", _name);
        // A cgroup can be removed a moment after its last process ended.
        SpinWait.SpinUntil(() => { try { Directory.Delete(_cgroup); return true; } catch (IOException) { return false; } }, TimeSpan.FromSeconds(5));
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("ip", arguments))!;

    private static void Run(params string[] arguments)
    {
        using var process = Start(arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
