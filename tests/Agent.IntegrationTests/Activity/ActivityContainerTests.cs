using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Headroom.IntegrationTests.Support;
using Headroom.Model;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Activity;

/// <summary>Where a server is, how it is reached, and when it goes: servers of busybox in containers of their own.</summary>
[Collection(nameof(Node))]
public sealed class ActivityContainerTests(DockerDaemon docker) : IAsyncLifetime
{
    private const string Name = "served";
    private readonly ActivityRig _rig = new(docker);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        docker.Remove(Name);
    }

    private ContainerSample Run(int port, params string[] options)
    {
        docker.Run(Name, options, "sh", "-c", $"echo ok > /www/quick; exec busybox httpd -f -p {port} -h /www");
        return _rig.Container(Name, hostNetwork: options.Contains("host"));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static ActivityTarget Target(ContainerSample container, params int[] ports) => new(container, ports, null, null);

    [Fact]
    public async Task A_container_that_is_restarted_under_traffic_is_seen_again_and_its_old_network_is_let_go()
    {
        var before = Run(8080);
        _rig.Begin(before, 8080);
        using var stop = new CancellationTokenSource();
        var address = before.Addresses[0];
        var traffic = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(1) };
                try
                {
                    _ = await http.GetStringAsync($"http://{address}:8080/quick");
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                {
                    await Task.Delay(20);
                }
            }
        });
        Eventually.True(() => _rig.Of(before)!.Requests > 10);
        var inode = File.ReadLines($"/proc/{before.Pid}/net/packet").Last().Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.True(Holds(inode));

        docker.Docker("kill", Name);
        // At once, before anybody tells the watch that it is gone: an open socket would keep its network.
        Eventually.True(() => !Holds(inode), TimeSpan.FromSeconds(1));
        Assert.Equal(FlightState.Unknown, _rig.Now(before).State);
        docker.Docker("start", Name);
        var after = _rig.Container(Name);
        Assert.Equal(before.Id.InstanceId, after.Id.InstanceId);
        Assert.NotEqual(before.Pid, after.Pid);
        _rig.Look(Target(after, 8080));
        Eventually.True(() => _rig.Of(after) is { Confidence: ActivityConfidence.High, Requests: > 10 });
        await stop.CancelAsync();
        await traffic;
        _rig.Until(after, FlightState.Idle);

        static bool Holds(string inode) => new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Any(f => Link(f) == $"socket:[{inode}]");

        static string? Link(FileSystemInfo file)
        {
            try
            {
                return file.LinkTarget;
            }
            catch (IOException)
            {
                return null; // closed meanwhile
            }
        }
    }

    [Fact]
    public async Task Requests_to_a_published_port_are_seen_where_docker_proxy_brings_them()
    {
        var port = FreePort();
        var model = Run(8080, "-p", $"127.0.0.1:{port}:8080");
        _rig.Begin(model, 8080);
        using var http = new HttpClient();
        for (var i = 0; i < 5; i++)
            _ = await http.GetStringAsync($"http://127.0.0.1:{port}/quick");
        Eventually.True(() => _rig.Of(model) is { Requests: 5, InFlight: 0 });
    }

    [Fact]
    public async Task On_the_hosts_network_only_a_port_that_is_its_own_is_watched()
    {
        var port = FreePort();
        var model = Run(port, "--network", "host");
        _rig.Begin(model, port);
        using var http = new HttpClient();
        _ = await http.GetStringAsync($"http://127.0.0.1:{port}/quick");
        Eventually.True(() => _rig.Of(model) is { Requests: 1, Confidence: ActivityConfidence.High });

        using var mine = new TcpListener(IPAddress.Loopback, 0);
        mine.Start();
        var others = ((IPEndPoint)mine.LocalEndpoint).Port;
        _rig.Look(Target(model, others));
        Eventually.True(() => _rig.Of(model) is { Confidence: ActivityConfidence.Low, InFlight: null });
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"(pid {Environment.ProcessId}) of the host"), _rig.Of(model)!.Why, StringComparison.Ordinal);
        Assert.Equal(FlightState.Unknown, _rig.Now(model).State);
    }

    [Fact]
    public void A_server_that_does_not_listen_yet_is_unknown_until_it_does()
    {
        docker.Run(Name, null, "sh", "-c", "while [ ! -e /tmp/go ]; do busybox sleep 0.05; done; exec busybox httpd -f -p 8080 -h /www");
        var model = _rig.Container(Name);
        _rig.Look(Target(model, 8080));
        Eventually.True(() => _rig.Of(model) is { Confidence: ActivityConfidence.Low });
        Assert.StartsWith("nothing listens on port 8080 in its network namespace (yet)", _rig.Of(model)!.Why, StringComparison.Ordinal);
        Assert.Equal(FlightState.Unknown, _rig.Now(model).State);
        docker.Docker("exec", Name, "busybox", "touch", "/tmp/go");
        Eventually.True(() => _rig.Of(model) is { Confidence: ActivityConfidence.High, Why: null });
        _rig.Until(model, FlightState.Idle);
    }

    [Fact]
    public void Where_nothing_tells_a_port_it_says_what_to_set()
    {
        docker.Run(Name);
        var model = _rig.Container(Name);
        _rig.Look(Target(model));
        Eventually.True(() => _rig.Of(model) is { Confidence: ActivityConfidence.None, InFlight: null });
        Assert.Contains("headroom.ports", _rig.Of(model)!.Why, StringComparison.Ordinal);
        Assert.Equal(0, ActivityRig.PacketSockets(model.Pid));
    }
}
