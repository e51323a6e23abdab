using Headroom.Testing;

namespace Headroom.IntegrationTests.Support;

/// <summary>A Docker daemon of the tests' own: its own folder, socket and bridge, so that a Docker that the machine already runs is left alone.
/// No image is pulled: one is made of busybox.</summary>
public sealed class DockerDaemon : IDisposable
{
    public const string Image = "headroom-test/box:1";
    private static int _made;

    // Of this daemon alone: two of them, and two runs of the tests on one machine, leave each other's network alone.
    private readonly string _bridge, _subnet;
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-docker-").FullName;
    private RunningProgram? _daemon;

    public DockerDaemon()
    {
        Requirements.Need("dockerd", "docker", "busybox", "ip");
        var number = Interlocked.Increment(ref _made);
        (_bridge, _subnet) = ($"hdrm{Environment.ProcessId}x{number}", $"10.{212 + number}.{Environment.ProcessId % 250}");
        Shell.Try("ip", ["link", "add", _bridge, "type", "bridge"]);
        Shell.Try("ip", ["addr", "add", $"{_subnet}.1/24", "dev", _bridge]);
        Shell.Run("ip", "link", "set", _bridge, "up");
        Start();
        ImportImage();
    }

    public string Socket => $"unix://{_folder}/docker.sock";

    public string Docker(params string[] arguments) => Shell.Run("docker", ["-H", Socket, .. arguments]);

    /// <summary>Starts a container that lives until the test ends it; its full id.</summary>
    /// <param name="options">Options of <c>docker run</c>.</param>
    /// <param name="command">Default: sleeps.</param>
    public string Run(string name, IEnumerable<string>? options = null, params string[] command) =>
        RunImage(Image, name, options ?? [], command.Length > 0 ? command : ["busybox", "sleep", "3600"]);

    /// <summary>The same of another image; its full id.</summary>
    public string RunImage(string image, string name, IEnumerable<string> options, params string[] command) =>
        Docker(["run", "-d", "--name", name, .. options, image, .. command]);

    /// <summary>Makes an image of a folder.</summary>
    public void Import(string image, string folder) =>
        Shell.Run("sh", "-c", $"tar c -C {folder} . | docker -H {Socket} import -c 'ENV PATH=/bin' - {image}");

    public void Remove(params string[] names)
    {
        foreach (var name in names)
            Shell.Try("docker", ["-H", Socket, "rm", "-f", name]);
    }

    /// <summary>Host pids of all its processes, the first one first.</summary>
    public IReadOnlyList<int> Pids(string name)
    {
        var first = int.Parse(Docker("inspect", "-f", "{{.State.Pid}}", name), System.Globalization.CultureInfo.InvariantCulture);
        var all = Docker("top", name, "-o", "pid").Split('\n').Skip(1).Select(line => int.Parse(line.Trim(), System.Globalization.CultureInfo.InvariantCulture));
        return [first, .. all.Where(pid => pid != first)];
    }

    public void Start()
    {
        _daemon = new RunningProgram("dockerd",
        [
            "--data-root", $"{_folder}/data", "--exec-root", $"{_folder}/exec", "--pidfile", $"{_folder}/pid", "-H", Socket, "--bridge", _bridge,
            "--fixed-cidr", $"{_subnet}.0/24", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--live-restore",
        ]);
        try
        {
            Eventually.True(() => Shell.Try("docker", ["-H", Socket, "version"]).ExitCode == 0, TimeSpan.FromSeconds(60), "dockerd to answer");
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{_daemon.Output}");
        }
    }

    /// <summary>Ends the daemon; containers live on.</summary>
    public void Stop()
    {
        _daemon!.Terminate(TimeSpan.FromSeconds(30));
        _daemon.Dispose();
        _daemon = null;
    }

    public void Dispose()
    {
        if (_daemon is null)
            Start();
        var containers = Docker("ps", "-aq").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (containers.Length > 0)
            Docker(["rm", "-f", .. containers]);
        Stop();
        Shell.Try("ip", ["link", "del", _bridge]);
        foreach (var mount in File.ReadLines("/proc/self/mounts").Select(m => m.Split(' ')[1]).Where(m => m.StartsWith(_folder, StringComparison.Ordinal)).Reverse())
            Shell.Try("umount", ["-l", mount]);
        Directory.Delete(_folder, recursive: true);
    }

    private void ImportImage()
    {
        var root = Directory.CreateDirectory($"{_folder}/box/bin").FullName;
        File.Copy(new[] { "/bin/busybox", "/usr/bin/busybox" }.First(File.Exists), $"{root}/busybox");
        foreach (var applet in new[] { "sh", "sleep", "httpd", "cat", "ls", "mkdir", "mv" })
            File.CreateSymbolicLink($"{root}/{applet}", "busybox");
        Directory.CreateDirectory($"{_folder}/box/www");
        Directory.CreateDirectory($"{_folder}/box/tmp");
        Import(Image, $"{_folder}/box");
    }
}
