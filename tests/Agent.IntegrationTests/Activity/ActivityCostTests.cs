using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Headroom.IntegrationTests.Support;
using Headroom.Model;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Activity;

/// <summary>What watching costs and how late it tells. The limits are wide: the printed table is the result, on a machine that does nothing else.</summary>
[Collection(nameof(Node))]
public sealed class ActivityCostTests(DockerDaemon docker, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Servers = 8, Connections = 25;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(ClosedLoop.ClosedLoopFigures.Whole ? 10 : 1.5);
    private readonly string[] _names = [.. Enumerable.Range(0, Servers).Select(i => $"cost{i}")];
    private readonly List<InsideServer> _servers = [];
    private readonly List<ContainerSample> _containers = [];
    private readonly ActivityRig _rig = new(docker);

    public async ValueTask InitializeAsync()
    {
        foreach (var name in _names)
        {
            docker.Run(name);
            _containers.Add(_rig.Container(name));
            _servers.Add(await InsideServer.StartAsync(_containers[^1].Pid, _containers[^1].Id.InstanceId));
        }
        _rig.Look([.. _containers.Select(c => new ActivityTarget(c, [InsideServer.Http], null, null))]);
        foreach (var container in _containers)
            Eventually.True(() => _rig.Of(container)?.Confidence == ActivityConfidence.High);
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        foreach (var server in _servers)
            await server.DisposeAsync();
        docker.Remove(_names);
    }

    [Fact]
    public async Task Eight_servers_with_two_hundred_connections_cost_little_and_allocate_nothing()
    {
        var sockets = _containers.SelectMany(c => Enumerable.Range(0, Connections).Select(_ => ActivityRig.Connected(IPAddress.Parse(c.Addresses[0]), InsideServer.Http))).ToList();
        Eventually.True(() => _containers.TrueForAll(c => _rig.Of(c)!.Connections == Connections));
        var idle = await ShareAsync(() => Task.Delay(Span));

        var request = Encoding.ASCII.GetBytes($"GET /tokens/0/{(int)Span.TotalSeconds * 20 + 60} HTTP/1.1\r\nHost: model\r\n\r\n");
        foreach (var socket in sockets)
            socket.Send(request);
        var read = sockets.Select(DrainAsync).ToList();
        Eventually.True(() => _containers.TrueForAll(c => _rig.Of(c)!.InFlight == Connections));
        var streaming = await ShareAsync(() => Task.Delay(Span));
        sockets.ForEach(s => s.Shutdown(SocketShutdown.Both));
        await Task.WhenAll(read);
        sockets.ForEach(s => s.Dispose());
        foreach (var container in _containers)
            _rig.Until(container, FlightState.Idle);

        // What their connections leave goes to a pool, which grows then.
        Eventually.True(() => _containers.TrueForAll(c => _rig.Of(c)!.Connections == 0), TimeSpan.FromSeconds(20));
        var late = await LatenessAsync();
        // On the watcher's thread: what it has allocated so far, each time that a cell has turned.
        // A set that grows or a method that runs for the first time may still allocate, once: not in every round.
        long first = 0, last = 0;
        for (var round = 0; round < 5 && (round == 0 || last > first); round++)
        {
            (first, last) = (0, 0);
            _rig.Board.Listen(() => (first, last) = (first == 0 ? GC.GetAllocatedBytesForCurrentThread() : first, GC.GetAllocatedBytesForCurrentThread()));
            _ = await LatenessAsync(listen: false);
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            | watching {Servers} servers, {Servers * Connections} connections | |
            |---|---|
            | CPU of the thread, all idle | {idle:P3} of a core |
            | CPU of the thread, 20 tokens/s on each connection | {streaming:P2} of a core |
            | first packet at the server to cell written, 100 requests/s | p50 {late[late.Count / 2].TotalMicroseconds:0} us, p99 {late[(int)(late.Count * 0.99)].TotalMicroseconds:0} us, most {late[^1].TotalMicroseconds:0} us |
            | allocated by the thread meanwhile | {last - first} bytes |
            | packets missed | {_containers.Sum(c => _rig.Of(c)!.Missed)} |
            """));
        Assert.True(idle < 0.02, $"{idle:P2} of a core");
        Assert.True(first > 0, "no cell has turned");
        Assert.Equal(0, last - first);
    }

    private async Task<List<TimeSpan>> LatenessAsync(bool listen = true)
    {
        var model = _containers[0];
        var cell = _rig.Board.CellOf(model.Id.InstanceId);
        var late = new List<TimeSpan>(1000);
        if (listen)
            _rig.Board.Listen(() =>
            {
                if (cell.Now is { State: FlightState.InFlight, Since: var since })
                    late.Add(TimeProvider.System.Mono() - since);
            });
        using var http = new HttpClient();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var i = 0; i < (ClosedLoop.ClosedLoopFigures.Whole ? 1000 : 150); i++)
        {
            await pace.WaitForNextTickAsync();
            _ = await http.GetStringAsync($"http://{model.Addresses[0]}:{InsideServer.Http}/quick");
        }
        if (listen)
            _rig.Board.Listen(() => { });
        late.Sort();
        return late;
    }

    private static async Task<double> ShareAsync(Func<Task> during)
    {
        var thread = Directory.GetDirectories("/proc/self/task").Single(t => File.ReadAllText($"{t}/comm").Trim() == "activity");
        var (clock, before) = (Stopwatch.StartNew(), Nanoseconds());
        await during();
        return (Nanoseconds() - before) / clock.Elapsed.TotalNanoseconds;

        double Nanoseconds() => double.Parse(File.ReadAllText($"{thread}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static async Task DrainAsync(Socket socket)
    {
        var bytes = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(bytes) > 0)
            {
            }
        }
        catch (SocketException)
        {
        }
    }
}
