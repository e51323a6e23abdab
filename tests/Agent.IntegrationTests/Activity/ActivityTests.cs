using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Headroom.Containers;
using Headroom.IntegrationTests.Support;
using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Activity;

/// <summary>Requests in flight of one real server in a container's network, seen from outside.</summary>
[Collection(nameof(Node))]
public sealed class ActivityTests(DockerDaemon docker) : IAsyncLifetime
{
    private const string Name = "flights";
    private ActivityRig _rig = null!;
    private InsideServer _server = null!;
    private ContainerSample _model = null!;
    private IPAddress _address = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        docker.Run(Name);
        _rig = new ActivityRig(docker);
        _model = _rig.Container(Name);
        _address = IPAddress.Parse(_model.Addresses[0]);
        _server = await InsideServer.StartAsync(_model.Pid, _model.Id.InstanceId);
        _http = new HttpClient { BaseAddress = new Uri($"http://{_address}:{InsideServer.Http}") };
        _rig.Begin(_model, InsideServer.Http, InsideServer.Rpc);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _rig.DisposeAsync();
        await _server.DisposeAsync();
        docker.Remove(Name);
    }

    private Flight Now => _rig.Now(_model);
    private void InFlight() => _rig.Until(_model, FlightState.InFlight);
    private void Idle() => _rig.Until(_model, FlightState.Idle);
    private WorkloadActivity Told => _rig.Of(_model)!;

    [Fact]
    public async Task Requests_on_a_kept_connection_turn_the_cell_each_by_itself_and_the_sums_come_out()
    {
        for (var i = 0; i < 20; i++)
        {
            var answer = _http.GetStringAsync("/hold");
            InFlight();
            _server.LetGo();
            Assert.Equal(100_000, (await answer).Length);
            Idle();
        }
        Eventually.True(() => Told is { Requests: 20, Connections: 1, InFlight: 0, Missed: 0, Unreadable: 0, Confidence: ActivityConfidence.High, BusyRatio: > 0, MedianGap: not null });
    }

    [Fact]
    public void Of_pipelined_requests_all_are_in_flight_until_the_last_answer()
    {
        using var socket = ActivityRig.Connected(_address, InsideServer.Http);
        socket.Send(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET /hold HTTP/1.1\r\nHost: model\r\n\r\n", 3))));
        Eventually.True(() => Told.InFlight == 3);
        var since = Now.Since;
        using var answers = new NetworkStream(socket);
        _server.LetGo(2);
        // All but the heads: those who do not take their answers are in flight for longer.
        answers.ReadExactly(new byte[200_000]);
        Eventually.True(() => Told.InFlight == 1);
        Assert.Equal(since, Now.Since);
        _server.LetGo();
        answers.ReadExactly(new byte[100_000]);
        Idle();
        Eventually.True(() => Told is { Requests: 3, InFlight: 0 });
    }

    [Fact]
    public async Task A_stream_is_in_flight_from_its_silent_prefill_to_its_last_token_without_a_turn_between()
    {
        var stream = _http.GetStringAsync("/tokens/3000/20");
        InFlight();
        var since = Now.Since;
        var turns = 0;
        _rig.Board.Listen(() => Interlocked.Increment(ref turns));
        _ = await stream;
        Idle();
        Assert.True(Now.Since - since > TimeSpan.FromSeconds(3.9), $"{Now.Since - since}");
        Assert.Equal(1, turns);
    }

    [Fact]
    public async Task A_real_gRPC_client_is_in_flight_while_it_calls_or_streams_and_idle_while_it_only_holds_its_connection()
    {
        using var channel = GrpcChannel.ForAddress($"http://{_address}:{InsideServer.Rpc}");
        var caller = channel.CreateCallInvoker();
        using var unary = caller.AsyncUnaryCall(HeldCalls.Unary, null, new CallOptions(), [1]);
        InFlight();
        _server.LetGo();
        Assert.Equal([1], await unary);
        Idle();

        using var stream = caller.AsyncServerStreamingCall(HeldCalls.Stream, null, new CallOptions(), [3]);
        for (var i = 0; i < 3; i++)
        {
            Eventually.Equal(1, () => _server.Held);
            InFlight();
            _server.LetGo();
            Assert.True(await stream.ResponseStream.MoveNext(default));
        }
        Assert.False(await stream.ResponseStream.MoveNext(default));
        Idle();
        Eventually.True(() => Told is { Connections: 1, Requests: 2, Confidence: ActivityConfidence.High });
    }

    [Fact]
    public async Task Pools_of_idle_connections_read_idle_whether_or_not_they_were_there_before()
    {
        var sockets = Enumerable.Range(0, 20).Select(_ => ActivityRig.Connected(_address, InsideServer.Http)).ToList();
        _ = await _http.GetStringAsync("/quick");
        Idle();
        Eventually.Equal(21, () => Told.Connections);
        _rig.Look();
        Eventually.True(() => ActivityRig.PacketSockets(_model.Pid) == 0);

        _rig.Begin(_model, InsideServer.Http, InsideServer.Rpc);
        Eventually.Equal(21, () => Told.Connections);
        Assert.Equal(FlightState.Idle, Now.State);
        // A connection of before is read from its next request on.
        var answer = _http.GetStringAsync("/hold");
        InFlight();
        _server.LetGo();
        _ = await answer;
        Idle();
        sockets.ForEach(s => s.Dispose());
        Eventually.Equal(1, () => Told.Connections);
    }

    [Fact]
    public async Task Looks_at_health_and_metrics_and_the_agents_own_scrapes_of_any_path_turn_nothing()
    {
        var before = Now;
        for (var i = 0; i < 20; i++)
        {
            _ = await _http.GetStringAsync("/health");
            _ = await _http.GetStringAsync("/metrics");
            using var own = new ContainerHttp(_model, TimeProvider.System, own: _rig.Own);
            await own.GetAsync(InsideServer.Http, "/quick", "*/*", _ => { }, default);
        }
        Eventually.True(() => Told.Connections > 0);
        Assert.Equal(before, Now);
        Assert.Equal(0, Told.Requests);
    }

    [Fact]
    public async Task While_TLS_is_spoken_it_is_unknown_and_says_so()
    {
        using var key = RSA.Create(2048);
        using var made = new CertificateRequest("CN=model", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        using var listener = NetworkNamespace.CreateTcpSocket(_model.Pid, _model.Id.InstanceId);
        listener.Bind(new IPEndPoint(IPAddress.Any, 8443));
        listener.Listen();
        _rig.Begin(_model, InsideServer.Http, 8443);
        using (var client = ActivityRig.Connected(_address, 8443))
        using (var server = listener.Accept())
        {
            await using var there = new SslStream(new NetworkStream(server));
            await using var here = new SslStream(new NetworkStream(client), false, (_, seen, _, _) => seen?.GetCertHashString() == certificate.GetCertHashString());
            await Task.WhenAll(there.AuthenticateAsServerAsync(certificate), here.AuthenticateAsClientAsync("model"));
            _rig.Until(_model, FlightState.Unknown);
            Eventually.True(() => Told is { Confidence: ActivityConfidence.Low, InFlight: null, Unreadable: 1 });
            Assert.Contains("TLS", Told.Why, StringComparison.Ordinal);
        }
        Idle();
        Eventually.True(() => Told is { Confidence: ActivityConfidence.High, Why: null });
    }

    [Fact]
    public void A_client_that_vanishes_is_in_flight_as_long_as_its_server_works_for_it()
    {
        docker.Run("vanishing", null, "sh", "-c", $"(printf 'GET /hold HTTP/1.1\\r\\nHost: model\\r\\n\\r\\n'; sleep 3600) | busybox nc {_address} {InsideServer.Http}");
        try
        {
            InFlight();
            Eventually.Equal(1, () => _server.Held);
            // Its cable is cut before it dies: not one packet tells of its end.
            Shell.Run("nsenter", "-t", $"{docker.Pids("vanishing")[0]}", "-n", "ip", "link", "set", "eth0", "down");
            docker.Docker("kill", "vanishing");
            Assert.Equal(FlightState.InFlight, Now.State);
            _server.LetGo();
            // Kestrel gives up a client that takes nothing for five seconds.
            _rig.Until(_model, FlightState.Idle, TimeSpan.FromSeconds(20));
        }
        finally
        {
            docker.Remove("vanishing");
        }
    }

    [Fact]
    public async Task A_thousand_short_connections_leave_nothing_in_flight()
    {
        await Parallel.ForAsync(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, stop) =>
        {
            using var client = new HttpClient { BaseAddress = _http.BaseAddress };
            Assert.Equal("done", await client.GetStringAsync("/quick", stop));
        });
        Eventually.True(() => Told is { Requests: 1000, InFlight: 0, Connections: 0, Missed: 0 }, TimeSpan.FromSeconds(20));
        Idle();
    }

    [Fact]
    public void Over_IPv6_on_loopback_it_is_the_same()
    {
        // Docker switches it off where its bridge has none.
        Shell.Run("nsenter", "-t", $"{_model.Pid}", "-n", "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6");
        using var socket = new Socket(NetworkNamespace.CreateSocket(_model.Pid, _model.Id.InstanceId, 10, Libc.Stream, 0));
        socket.Connect(IPAddress.IPv6Loopback, InsideServer.Http);
        socket.Send("GET /hold HTTP/1.1\r\nHost: model\r\n\r\n"u8);
        InFlight();
        _server.LetGo();
        Idle();
        Eventually.True(() => Told is { Requests: 1, Connections: 1 });
    }

    [Fact]
    public void Switched_off_it_leaves_no_socket_behind_and_the_cell_reads_unknown()
    {
        var cell = _rig.Board.CellOf(_model.Id.InstanceId);
        Assert.Equal(1, ActivityRig.PacketSockets(_model.Pid));
        _rig.Look();
        Eventually.Equal(0, () => ActivityRig.PacketSockets(_model.Pid));
        Eventually.Equal(FlightState.Unknown, () => cell.Now.State);
        Eventually.Equal(0, () => _rig.Watch.Latest.ByInstance.Count);
        Assert.DoesNotContain(Directory.GetFiles("/proc/self/task").Concat(Directory.GetDirectories("/proc/self/task")), t => File.ReadAllText($"{t}/comm").Trim() == "activity");
    }
}
