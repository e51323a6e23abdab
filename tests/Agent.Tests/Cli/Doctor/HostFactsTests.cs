using System.Net;
using System.Net.Sockets;
using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Checks;
using Headroom.Cli.Doctor.Facts;
using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Run;
using Headroom.Tests.Support;
using static Headroom.Tests.Cli.Doctor.Patients;

namespace Headroom.Tests.Cli.Doctor;

/// <summary>What is read of the host: real sockets and files, and trees laid out as the kernel's.</summary>
public sealed class HostFactsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("headroom-doctor-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("::", "0.0.0.0")]
    [InlineData("127.0.0.1", "::")]
    public void A_port_in_use_is_named_with_its_process(string listening, string wanted)
    {
        using var socket = new Socket(IPAddress.Parse(listening).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (listening == "::")
            socket.DualMode = true;
        socket.Bind(new IPEndPoint(IPAddress.Parse(listening), 0));
        socket.Listen();
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;

        var facts = PortFacts.Read("metrics", "--metrics-listen", new IPEndPoint(IPAddress.Parse(wanted), port));

        var finding = PortCheck.Of(facts);
        Assert.Equal(Level.Fail, finding.Level);
        Assert.Contains($"(pid {Environment.ProcessId})", finding.What, StringComparison.Ordinal);
        Assert.Contains($":{port}", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_free_port_is_free_and_stays_so()
    {
        var free = Free();

        Assert.Equal(Level.Ok, PortCheck.Of(PortFacts.Read("metrics", "--metrics-listen", free)).Level);
        Assert.Equal(Level.Ok, PortCheck.Of(PortFacts.Read("metrics", "--metrics-listen", free)).Level);
        Assert.Equal(SocketError.AddressNotAvailable, PortFacts.Read("metrics", "--metrics-listen", new IPEndPoint(IPAddress.Parse("192.0.2.1"), free.Port)).Error);

        static IPEndPoint Free()
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return (IPEndPoint)socket.LocalEndPoint!;
        }
    }

    [Theory]
    [InlineData("   0: 0100007F:250C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0", "127.0.0.1:9484")]
    [InlineData("   1: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0", "[::]:8080")]
    [InlineData("   2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0", "[::ffff:127.0.0.1]:80")]
    [InlineData("   3: 0100007F:250C 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 12345 1 0", null)] // established
    [InlineData("   4: zz:250C 00000000:0000 0A 0 0 0 0 0 1", null)]
    [InlineData("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", null)]
    public void Lines_of_the_kernels_socket_table(string line, string? at)
    {
        var listener = PortHolder.Listener(line);

        Assert.Equal(at, listener?.At.ToString());
        Assert.Equal(at is null ? null : "12345", listener?.Inode);
    }

    [Theory]
    [InlineData("NSpid:\t4711\n", true)]
    [InlineData("NSpid:\t4711\t12\n", false)]
    public void A_pid_in_two_namespaces_is_not_the_hosts(string line, bool hosts)
    {
        Write("proc/self/status", $"Name:\theadroom\n{line}CapEff:\t0000000000202000\n");
        Directory.CreateDirectory(Path.Combine(_root, "proc/self/ns"));
        File.CreateSymbolicLink(Path.Combine(_root, "proc/self/ns/pid"), "pid:[4026531836]");

        var facts = Read(null);

        Assert.Equal(hosts, facts.InHostPids);
        Assert.Equal((1UL << 21) | (1UL << 13), facts.Capabilities);
    }

    [Fact]
    public void Another_pid_namespace_is_known_by_its_inode_and_by_processes_that_proc_lacks()
    {
        Write("proc/self/status", "NSpid:\t12\n");
        Directory.CreateDirectory(Path.Combine(_root, "proc/self/ns"));
        File.CreateSymbolicLink(Path.Combine(_root, "proc/self/ns/pid"), "pid:[4026532999]");
        Directory.CreateDirectory(Path.Combine(_root, "proc/100"));
        var processes = new[] { 100, 200, 300 }.Select(pid => new GpuProcess(pid, GpuProcessKinds.Compute, 1, null, null, null, null)).ToList();

        var facts = Read(new GpuSweep(Driver, [Views.Gpu(0) with { Processes = processes }]));

        Assert.False(facts.InHostPids);
        Assert.Equal((3, 2), facts.Pids);
        Assert.Null(facts.Capabilities);
    }

    [Fact]
    public void Without_proc_nothing_is_claimed()
    {
        var facts = Read(null);

        Assert.Null(facts.InHostPids);
        Assert.Null(facts.Capabilities);
    }

    [Fact]
    public void The_freezer_of_version_2_is_found_by_the_containers_cgroup()
    {
        Write("cgroup/cgroup.controllers", "cpu memory\n");
        Write("proc/42/cgroup", "0::/system.slice/docker-aa.scope\n");
        var container = Container("chat", 'a') with { Pid = 42 };

        Assert.Equal(FreezerAccess.Missing, Cgroup(container).Freezer);
        Write("cgroup/system.slice/docker-aa.scope/cgroup.freeze", "0\n");
        Assert.Equal(new CgroupFacts(2, FreezerAccess.Writable, "chat", $"{_root}/cgroup/system.slice/docker-aa.scope/cgroup.freeze"), Cgroup(container));
    }

    [Fact]
    public void The_freezer_of_version_1_is_a_hierarchy_of_its_own()
    {
        Write("cgroup/freezer/docker/aa/freezer.state", "THAWED\n");
        Write("proc/42/cgroup", "9:memory:/elsewhere\n8:freezer:/docker/aa\n0::/unified\n");

        Assert.Equal(
            new CgroupFacts(1, FreezerAccess.Writable, "chat", $"{_root}/cgroup/freezer/docker/aa/freezer.state"), Cgroup(Container("chat", 'a') with { Pid = 42 }));
        Assert.Equal(FreezerAccess.NotTried, Cgroup(Container("chat", 'a') with { State = ContainerState.Exited }).Freezer);
        Assert.Equal(FreezerAccess.Missing, Cgroup(Container("chat", 'a') with { Pid = 43 }).Freezer);
    }

    [Fact]
    public void Without_cgroups_nothing_is_claimed() => Assert.Equal(new CgroupFacts(null), Cgroup(Container("chat", 'a') with { Pid = 42 }));

    [Fact]
    public void A_folder_that_can_be_made_is_one_that_can_be_written()
    {
        Assert.Equal(new DirectoryFacts("state", $"{_root}/a/b", false, true), DirectoryFacts.Of("state", $"{_root}/a/b"));
        Assert.Equal(new DirectoryFacts("state", _root, true, true), DirectoryFacts.Of("state", _root));
        Assert.False(Directory.Exists($"{_root}/a"));
        Assert.False(FileRights.CanWrite($"{_root}/missing"));
    }

    [Fact]
    public void The_kernels_clock_is_read_without_being_set() => Assert.NotNull(KernelClock.IsSynchronised());

    [Fact]
    public async Task A_docker_that_is_not_there_and_one_that_hangs_are_told()
    {
        var gone = await DockerFacts.ReadAsync(Options(docker: new Uri($"unix://{_root}/docker.sock")), TimeProvider.System, CancellationToken.None);
        await using var server = new RawHttpServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        var options = Options(docker: new Uri($"tcp://127.0.0.1:{server.Port}")) with { DockerPatience = TimeSpan.FromMilliseconds(300) };
        var hanging = await DockerFacts.ReadAsync(options, TimeProvider.System, CancellationToken.None);

        Assert.Null(gone.Info);
        Assert.Contains("is the Docker daemon running?", gone.Error, StringComparison.Ordinal);
        Assert.Null(hanging.Info);
        Assert.NotNull(hanging.Error);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private HostFacts Read(GpuSweep? gpus) =>
        HostFacts.Read(new AgentDirectories(_root, _root), gpus, new CgroupFacts(2), Path.Combine(_root, "proc"));

    private CgroupFacts Cgroup(ContainerSample container) => CgroupFacts.Read([container], Path.Combine(_root, "cgroup"), Path.Combine(_root, "proc"));
}
