using System.Diagnostics;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Headroom.Observe.Activity.Framing;
using Headroom.Testing;
using Headroom.Tests.Support;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>Real clients and a real server; a relay between them looks at the bytes.</summary>
public sealed class Http2ServerTests : IAsyncLifetime
{
    private GrpcServer _server = null!;
    private FramedRelay _relay = null!;
    private GrpcChannel _channel = null!;
    private CallInvoker _calls = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await GrpcServer.StartAsync();
        _relay = new FramedRelay(_server.Port, () =>
        {
            var framing = new Http2Framing(new QuietPaths(null));
            framing.Begin(joined: false);
            return framing;
        });
        _channel = GrpcChannel.ForAddress(_relay.Address);
        _calls = _channel.CreateCallInvoker();
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _relay.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_unary_call_is_in_flight_while_the_server_holds_it()
    {
        using var call = _calls.AsyncUnaryCall(HeldCalls.Unary, null, new CallOptions(), [1, 2, 3]);
        await HeldAsync(1);
        Assert.Equal(1, _relay.InFlight);
        _server.LetGo();
        Assert.Equal([1, 2, 3], await call.ResponseAsync);
        Assert.Equal((0, 1L), (_relay.InFlight, _relay.Requests));
        Assert.Equal([FramingState.Reading], _relay.States);
    }

    [Fact]
    public async Task Calls_beside_each_other_on_one_connection_are_counted_each()
    {
        var calls = Enumerable.Range(0, 40).Select(i => _calls.AsyncUnaryCall(HeldCalls.Unary, null, new CallOptions(), new byte[i * 3000])).ToList();
        await HeldAsync(40);
        Assert.Equal((40, 1), (_relay.InFlight, _relay.Connections));
        for (var left = 39; left >= 0; left--)
        {
            _server.LetGo();
            await Eventually.TrueAsync(() => _relay.InFlight == left);
        }
        foreach (var call in calls)
            await call;
        Assert.Equal(40, _relay.Requests);
    }

    [Fact]
    public async Task A_server_stream_is_in_flight_until_its_last_message()
    {
        using var call = _calls.AsyncServerStreamingCall(HeldCalls.Stream, null, new CallOptions(), [20]);
        for (var i = 0; i < 20; i++)
        {
            await HeldAsync(1);
            Assert.Equal(1, _relay.InFlight);
            _server.LetGo();
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        }
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(0, _relay.InFlight);
    }

    [Fact]
    public async Task A_client_stream_and_a_chat_are_one_request_each()
    {
        using (var upload = _calls.AsyncClientStreamingCall(HeldCalls.Upload, null, new CallOptions()))
        {
            for (var i = 0; i < 50; i++)
                await upload.RequestStream.WriteAsync(new byte[10_000]);
            await upload.RequestStream.CompleteAsync();
            await HeldAsync(1);
            Assert.Equal((1, 1L), (_relay.InFlight, _relay.Requests));
            _server.LetGo();
            await upload;
        }
        Assert.Equal(0, _relay.InFlight);
        using var chat = _calls.AsyncDuplexStreamingCall(HeldCalls.Chat, null, new CallOptions());
        for (var i = 0; i < 10; i++)
        {
            await chat.RequestStream.WriteAsync(new byte[100]);
            Assert.True(await chat.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(1, _relay.InFlight);
        }
        await chat.RequestStream.CompleteAsync();
        await HeldAsync(1);
        Assert.Equal(1, _relay.InFlight);
        _server.LetGo();
        Assert.False(await chat.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal((0, 2L), (_relay.InFlight, _relay.Requests));
    }

    [Fact]
    public async Task Health_checks_and_an_idle_connection_are_nothing()
    {
        for (var i = 0; i < 50; i++)
        {
            using var call = _calls.AsyncUnaryCall(HeldCalls.Check, null, new CallOptions(), [0]);
            await call;
        }
        Assert.Equal((0, 0L, 1), (_relay.InFlight, _relay.Requests, _relay.Connections));
        Assert.Equal([FramingState.Reading], _relay.States);
    }

    [Fact]
    public async Task A_call_that_its_client_gives_up_is_over()
    {
        using var stop = new CancellationTokenSource();
        using var call = _calls.AsyncUnaryCall(HeldCalls.Unary, null, new CallOptions(cancellationToken: stop.Token), [1]);
        await HeldAsync(1);
        Assert.Equal(1, _relay.InFlight);
        await stop.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        await Eventually.TrueAsync(() => _relay.InFlight == 0);
        Assert.Equal(1, _relay.Connections);
    }

    [Fact]
    public async Task A_call_whose_server_goes_is_over()
    {
        using var call = _calls.AsyncUnaryCall(HeldCalls.Unary, null, new CallOptions(), [1]);
        await HeldAsync(1);
        var stopping = _server.DisposeAsync();
        await call;
        await stopping;
        await Eventually.TrueAsync(() => _relay.InFlight == 0);
        _server = await GrpcServer.StartAsync();
    }

    [Fact]
    public async Task Plain_http_of_a_real_client_is_read_too()
    {
        using var client = Plain();
        Assert.Equal("fine", await client.GetStringAsync("/health"));
        Assert.Equal((0, 0L), (_relay.InFlight, _relay.Requests));
        var asked = client.PostAsync("/v1/chat/completions", new ByteArrayContent(new byte[200_000]));
        await HeldAsync(1);
        Assert.Equal(1, _relay.InFlight);
        _server.LetGo();
        using var answer = await asked;
        Assert.Equal(100_000, (await answer.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal((0, 1L), (_relay.InFlight, _relay.Requests));
    }

    [Fact]
    public async Task Curl_compresses_its_headers_and_is_read_all_the_same()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/curl"), "curl is not installed");
        // Its encoder uses Huffman and the table, which .NET's does not.
        using var looks = Curl("/health?a=b");
        await looks.WaitForExitAsync();
        Assert.Equal((0, 0L), (looks.ExitCode, _relay.Requests));
        using var asks = Curl("/v1/completions");
        await HeldAsync(1);
        Assert.Equal((1, 1L), (_relay.InFlight, _relay.Requests));
        _server.LetGo();
        await asks.WaitForExitAsync();
        Assert.Equal(0, asks.ExitCode);
        await Eventually.TrueAsync(() => _relay.Connections == 0);
    }

    private Process Curl(string path) =>
        Process.Start("/usr/bin/curl", ["-s", "--noproxy", "*", "-o", "/dev/null", "--http2-prior-knowledge", new Uri(_relay.Address, path).ToString()]);

    private Task HeldAsync(int calls) => Eventually.TrueAsync(() => _server.Held == calls);

    private HttpClient Plain() => new(new SocketsHttpHandler())
    {
        BaseAddress = _relay.Address, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
