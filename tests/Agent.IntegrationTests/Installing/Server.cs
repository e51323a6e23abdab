using System.Runtime.CompilerServices;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Installing;

/// <summary>A server to install on: folders, mounts and network of its own, the machine's programs, and a systemctl that starts what the units say, since no systemd
/// runs where these tests do. The real one is the virtual machine's part (tests/vm).</summary>
internal sealed class Server : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-server-").FullName;
    private readonly RunningProgram _world;

    /// <param name="docker">Whose daemon is this server's; null: none.</param>
    public Server(DockerDaemon? docker = null)
    {
        Requirements.Need("unshare", "nsenter", "chroot", "flock", "ip", "docker");
        foreach (var folder in (string[])["usr/bin", "etc/systemd/system", "var/lib", "run", "tmp", "root", "proc", "sys", "dev", "fake", "host/usr", "docker", "srv"])
            Directory.CreateDirectory($"{Root}/{folder}");
        foreach (var part in (string[])["lib", "lib64", "sbin", "share"])
            File.CreateSymbolicLink($"{Root}/usr/{part}", $"/host/usr/{part}");
        foreach (var part in (string[])["lib", "lib64", "sbin"])
            File.CreateSymbolicLink($"{Root}/{part}", $"usr/{part}");
        File.CreateSymbolicLink($"{Root}/bin", "host/usr/bin");
        File.CreateSymbolicLink($"{Root}/var/run", "/run");
        Shell.Run("cp", "-r", Repository("deploy"), $"{Root}/srv/deploy");
        foreach (var name in (string[])["systemctl", "journalctl"])
            Shell.Run("install", "-m", "0755", Repository("tests/Agent.IntegrationTests/Installing/systemctl.sh"), $"{Root}/fake/{name}");
        File.WriteAllText($"{Root}/fake/running", "running\n");
        File.WriteAllText($"{Root}/fake/calls", "");
        var daemon = docker is null ? "" : $"mount --bind -o ro {new Uri(docker.Socket).AbsolutePath[..^"/docker.sock".Length]} {Root}/docker && ln -s /docker/docker.sock {Root}/run/docker.sock && ";
        _world = new RunningProgram("unshare", ["--mount", "--net", "--propagation", "private", "sh", "-c",
            $"mount --bind -o ro /usr {Root}/host/usr && for d in proc sys dev; do mount --rbind /$d {Root}/$d || exit; done && ip link set lo up && {daemon}echo made && exec sleep 3600"]);
        Eventually.True(() => _world.HasExited || _world.Output.Contains("made", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the server to be there");
        Assert.False(_world.HasExited, _world.Output);
    }

    /// <summary>Its / as seen from here.</summary>
    public string Root => $"{_folder}/root";

    public string Read(string path) => File.ReadAllText(Root + path);

    public bool Has(string path) => Path.Exists(Root + path);

    public int Pid(string unit) => int.Parse(Read($"/fake/{unit}.pid"), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>What systemctl was told to change since the last time this was asked.</summary>
    public IReadOnlyList<string> Calls()
    {
        var calls = File.ReadAllLines($"{Root}/fake/calls");
        File.WriteAllText($"{Root}/fake/calls", "");
        return [.. calls.Where(c => c.Split(' ')[0] is "start" or "restart" or "stop" or "enable" or "disable" or "daemon-reload")];
    }

    /// <summary>All that an installation may change, with what would show it; without what a running agent writes.</summary>
    public string Files() => Run("find", "/usr/bin", "/etc", "/var", "-path", "/var/lib/headroom", "-prune", "-o", "-type", "d", "-printf", "%p %m\n", "-o", "-printf", "%p %m %s %T@ %i\n").Output;

    public Shell.Result Install(params string[] arguments) => Run(["bash", "/srv/deploy/install.sh", .. arguments]);

    public Shell.Result Run(params string[] command) => Shell.Try("timeout", ["200", "nsenter", .. Inside(command)]);

    /// <summary>The same, beside the test.</summary>
    public RunningProgram Start(params string[] command) => new("nsenter", Inside(command));

    public void Dispose()
    {
        foreach (var unit in (string[])["headroom", "headroom-guard"])
            if (Has($"/fake/{unit}.pid"))
                Run("kill", "-KILL", $"{Pid(unit)}");
        _world.Dispose();
        // Should a mount of its world ever have come through to here, what is mounted is not deleted.
        Shell.Run("rm", "-rf", "--one-file-system", _folder);
    }

    public static string Repository(string path, [CallerFilePath] string here = "") => Path.Combine(here.Split("/tests/Agent.IntegrationTests/")[0], path);

    private IEnumerable<string> Inside(string[] command) =>
        ["-t", $"{_world.Pid}", "--mount", "--net", "chroot", Root, "/host/usr/bin/env", "-i", "PATH=/fake:/usr/bin:/host/usr/bin:/host/usr/sbin", "HOME=/root", .. command];
}
